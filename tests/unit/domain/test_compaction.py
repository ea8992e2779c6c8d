from dataclasses import replace

from supertable.domain.maintenance.compaction import MOST_ROWS, due_jobs, jobs
from supertable.domain.table.data_files import DataFile, DeletionVector
from supertable.domain.table.maintenance_policy import MaintenancePolicy, vacuum_due
from tests.support.domain_builders import data_file

POLICY = MaintenancePolicy(target_file_bytes=10_000, small_files=4)
HOUR_US = 3600 * 1_000_000
DAY_US = 24 * HOUR_US


def sized(name: str, size: int, dead: int = 0, rows: int = 100) -> DataFile:
    vector = DeletionVector(f"deletes/{name}", dead, "") if dead else None
    return replace(data_file(name, rows=rows), bytes=size, deletes=vector)


def names(found: list[tuple[DataFile, ...]]) -> list[list[str]]:
    return [[file.path.removeprefix("data/").removesuffix(".parquet") for file in job] for job in found]


def test_small_and_dirty_files_are_compacted_in_their_order() -> None:
    files = [sized("small", 100), sized("large", 9_000), sized("dirty", 9_000, dead=20), sized("other", 4_999)]
    assert names(jobs(files, POLICY)) == [["small", "dirty", "other"]]


def test_a_single_clean_file_is_not_rewritten() -> None:
    assert jobs([sized("small", 100), sized("large", 9_000, dead=19)], POLICY) == []
    assert names(jobs([sized("small", 100, dead=20)], POLICY)) == [["small"]]


def test_rows_without_an_object_are_written_out() -> None:
    inline = replace(sized("rows", 100), content=b"rows")
    assert names(jobs([inline, sized("large", 9_000)], POLICY)) == [["rows"]]
    assert names(jobs([inline, sized("small", 100)], POLICY)) == [["rows", "small"]]
    assert due_jobs([inline] * 3, POLICY) == []
    wide = [replace(inline, path=f"data/{n}.parquet", bytes=9_000) for n in range(4)]
    assert names(due_jobs(wide, POLICY)) == [["0", "1", "2", "3"]]


def test_everything_compacts_all_files() -> None:
    assert names(jobs([sized("a", 9_000), sized("b", 100)], POLICY, everything=True)) == [["a", "b"]]
    assert names(jobs([sized("a", 9_000)], POLICY, everything=True)) == [["a"]]


def test_the_size_of_a_file_is_that_of_its_live_rows() -> None:
    assert names(jobs([sized("a", 100), sized("b", 20_000, dead=90)], POLICY)) == [["a", "b"]]


def test_portions_are_bounded_by_bytes_and_rows() -> None:
    assert [len(job) for job in jobs([sized(str(i), 4_000) for i in range(50)], POLICY)] == [20, 20, 10]
    many = [sized(str(i), 100, rows=MOST_ROWS // 2) for i in range(5)]
    assert [len(job) for job in jobs(many, POLICY)] == [2, 2]
    huge = sized("huge", 10_000_000, dead=90)
    assert names(jobs([huge, sized("a", 100), sized("b", 100)], POLICY))[0] == ["huge"]


class TestWhatIsDue:
    def test_enough_small_files(self) -> None:
        files = [sized(str(i), 100) for i in range(4)]
        assert due_jobs(files[:3], POLICY) == []
        assert names(due_jobs(files, POLICY)) == [["0", "1", "2", "3"]]

    def test_a_much_larger_file_waits_for_others_of_its_size(self) -> None:
        small = [sized(str(i), 100) for i in range(4)]
        assert names(due_jobs([sized("big", 4_000), *small], POLICY)) == [["0", "1", "2", "3"]]
        big = [sized(f"big {i}", 4_000) for i in range(4)]
        assert names(due_jobs([*big, *small[:2]], POLICY)) == [["big 0", "big 1", "big 2", "big 3"]]
        grown = [sized(str(i), 300) for i in range(4)]
        assert len(due_jobs([sized("big", 4_000), *grown], POLICY)[0]) == 5

    def test_a_single_dirty_file_is_rewritten(self) -> None:
        assert names(due_jobs([sized("dirty", 9_000, dead=50), sized("small", 100)], POLICY)) == [["dirty"]]

    def test_repeated_compaction_rewrites_each_row_a_few_times(self) -> None:
        files: list[DataFile] = []
        written = 0
        for turn in range(1_000):
            files.append(sized(str(turn), 10))
            for job in due_jobs(files, replace(POLICY, target_file_bytes=100_000)):
                size = sum(file.bytes for file in job)
                written += size
                files = [*(file for file in files if file not in job), sized(f"compacted {turn}", size)]
        assert written <= 10 * 1_000 * 10
        assert len(files) < 20


class TestVacuumDue:
    def test_it_is_due_about_seven_times_per_retention(self) -> None:
        policy = MaintenancePolicy(retention_seconds=7 * 24 * 3600)
        assert not vacuum_due(policy, None, 100 * DAY_US)
        assert not vacuum_due(policy, 100 * DAY_US - 7 * DAY_US, 100 * DAY_US)
        assert not vacuum_due(policy, 100 * DAY_US - 8 * DAY_US, 100 * DAY_US)
        assert vacuum_due(policy, 100 * DAY_US - 8 * DAY_US - 1, 100 * DAY_US)

    def test_it_is_due_at_most_hourly(self) -> None:
        policy = MaintenancePolicy(retention_seconds=0)
        assert not vacuum_due(policy, 0, HOUR_US)
        assert vacuum_due(policy, 0, HOUR_US + 1)
