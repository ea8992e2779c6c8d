"""Which exports of the audit log are merged."""

from __future__ import annotations

from supertable.domain.audit_exports import MOST_BYTES, due_merges
from supertable.domain.table.data_files import ColumnRange, DataFile, DeletionVector


def export(first: int, last: int, size: int = 5_000, deletes: DeletionVector | None = None) -> DataFile:
    events = last - first + 1
    return DataFile(f"{first}-{last}", events, size, "", 1, {1: ColumnRange(first, last, 0)}, deletes)


def names(files: list[DataFile]) -> list[list[str]]:
    return [[file.path for file in job] for job in due_merges(files)]


def test_sixteen_neighbours_are_merged_in_the_order_of_the_chain() -> None:
    exports = [export(n, n) for n in range(1, 17)]
    assert names(exports[1:]) == []
    assert names([*exports[8:], *exports[:8]]) == [[f"{n}-{n}" for n in range(1, 17)]]


def test_a_gap_an_overlap_and_dead_rows_are_never_merged() -> None:
    first, second = [export(n, n) for n in range(1, 17)], [export(n, n) for n in range(18, 34)]
    both = [[f"{n}-{n}" for n in range(18, 34)], [f"{n}-{n}" for n in range(1, 17)]]
    assert names(first + second) == both
    assert names([*first, export(10, 17), *second]) == [both[0]]
    assert names([*first, export(17, 17, deletes=DeletionVector("d", 1, "")), *second]) == both
    unknown = DataFile("?", 1, 5_000, "", 1, {})
    assert names([unknown] * 40) == []


def test_a_merged_file_has_a_bound() -> None:
    exports = [export(n, n, MOST_BYTES // 20) for n in range(1, 41)]
    assert [len(job) for job in due_merges(exports)] == [20, 20]
    assert due_merges([export(n, n, MOST_BYTES) for n in range(1, 41)]) == []


def test_large_exports_between_small_ones_are_merged() -> None:
    exports = [export(n, n, 500_000 if n % 2 else 5_000) for n in range(1, 33)]
    assert [len(job) for job in due_merges(exports)] == [32]


def test_a_month_of_exports_is_rewritten_a_few_times() -> None:
    """43,200 exports of a minute each, maintained every five minutes: few files at any time, and little work."""
    files: list[DataFile] = []
    written = most = 0
    for minute in range(1, 43_201):
        files.append(export(minute, minute))
        most = max(most, len(files))
        for job in due_merges(files) if minute % 5 == 0 else []:
            merged = export(int(job[0].path.split("-")[0]), int(job[-1].path.split("-")[1]), sum(f.bytes for f in job))
            files = [file for file in files if file not in job] + [merged]
            written += merged.bytes
    assert sum(file.rows for file in files) == 43_200
    assert most < 50
    assert written < 10 * 43_200 * 5_000
