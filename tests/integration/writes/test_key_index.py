"""The key index in a lake: when it covers files, what it takes, and that it never changes what a write does."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from supertable.application.key_index.key_matching import KeyMatcher, KeySearch
from supertable.domain.errors import ObjectDamaged
from supertable.domain.table.data_files import DataFile

LARGE = 120_000


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with supertable.connect(tmp_path) as lake:
        lake.write("t", pa.table({"k": range(LARGE), "v": [0] * LARGE}), mode="upsert", keys="k")
        yield lake


def upsert(lake: Lake, keys: list[int], value: int) -> None:
    lake.write("t", pa.table({"k": keys, "v": [value] * len(keys)}), mode="upsert")


def sums(lake: Lake) -> tuple[int, int, int]:
    (row,) = lake.sql("SELECT count(*), count(DISTINCT k), sum(v) FROM t").fetchall()
    return row


def test_a_large_file_is_covered_once_it_was_searched_and_new_ones_at_once(lake: Lake) -> None:
    indexes = lake._container.key_indexes()
    upsert(lake, [1, 2], 1)
    assert indexes.bytes == 16 * 2 + 200  # the new rows alone, in one file
    upsert(lake, [2, 3, -1], 5)
    assert indexes.bytes == 16 * (LARGE + 2 + 3) + 3 * 200
    assert lake.delete("t", keys={"k": [1, 2, 3, -1, LARGE]}).rows_deleted == 4
    assert sums(lake) == (LARGE - 3, LARGE - 3, 0)


def test_other_processes_see_what_a_commit_of_this_one_did_to_rows_that_their_index_knows(lake: Lake) -> None:
    with supertable.connect(lake.settings.home) as other:
        for turn in range(6):
            upsert((lake, other)[turn % 2], [10, 11, LARGE + turn], turn + 1)
        lake.table("t").compact(everything=True)
        upsert(other, [10, 12], 100)
        upsert(lake, [11, 12], 200)
        assert sums(lake) == (LARGE + 6, LARGE + 6, 100 + 200 + 200 + 1 + 2 + 3 + 4 + 5 + 6)


def test_threads_upsert_and_delete_the_same_keys(lake: Lake) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(4):
                upsert(lake, [0, 1, 1000 + number], turn)
                lake.delete("t", keys={"k": [5000 + 10 * number + turn, 2]})
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    rows = LARGE - 16 - 1
    assert sums(lake)[:2] == (rows, rows)
    assert lake.sql("SELECT sum(v) FROM t WHERE k BETWEEN 1000 AND 1003").fetchall() == [(12,)]


@pytest.mark.parametrize("sequence", [None, "seq"], ids=["last", "sequence"])
def test_of_rows_with_one_key_in_a_large_write_one_stays(sequence: str | None, tmp_path: Path) -> None:
    choose = random.Random(5)
    keys: list[int | None] = [choose.choice([None, *range(50)]) if n % 3 else n for n in range(LARGE + 10_000)]
    sequences = [choose.choice([None, 1, 2]) for _ in keys]
    expected: dict[int | None, tuple[int | None, int]] = {}
    for place, (key, given) in enumerate(zip(keys, sequences, strict=True)):
        best = expected.get(key)
        if best is None or sequence is None or (given or 0) >= (best[0] or 0):
            expected[key] = (given, place)
    rows = pa.table({"k": pa.array(keys, pa.int64()), "seq": pa.array(sequences, pa.int64()), "v": range(len(keys))})
    with supertable.connect(tmp_path) as lake:
        lake.write("t", rows, mode="upsert", keys="k", sequence=sequence)
        for _ in range(2):
            found = lake.sql("SELECT k, seq, v FROM t").arrow()
            assert found.num_rows == len(expected)
            lists = (found[name].to_pylist() for name in ("k", "seq", "v"))
            assert {key: (given, place) for key, given, place in zip(*lists, strict=True)} == expected
            lake.write("t", rows, mode="upsert")  # every row gives way to itself


def test_keys_of_damaged_files_are_no_answer(lake: Lake) -> None:
    upsert(lake, list(range(LARGE, LARGE + 1000)), 1)  # too many for the commit's record
    small, _ = sorted(lake.settings.home.rglob("data/*.parquet"), key=lambda path: path.stat().st_size)
    data = bytearray(small.read_bytes())
    data[len(data) // 2] ^= 1
    small.write_bytes(data)
    with supertable.connect(lake.settings.home) as other:
        upsert(other, [5], 1)  # only the other file can have it
        with pytest.raises(ObjectDamaged):
            upsert(other, [LARGE + 1], 2)
        assert other.delete("t", keys={"k": [5]}).rows_deleted == 1


def test_keys_that_do_not_fit_are_searched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_KEY_INDEX_BYTES", "1000")
    with supertable.connect(tmp_path) as lake:
        for start in (0, 50, 100):
            keys = range(start, start + 100)
            lake.write("t", pa.table({"k": keys, "v": [start] * 100}), mode="upsert", keys="k")
        assert lake._container.key_indexes().bytes <= 1000
        assert sums(lake) == (200, 200, 50 * 50 + 100 * 100)


KEYED = pa.table(
    {
        "a": pa.array([1, 2, 3, 4, None], pa.int8()),
        "b": ["x", "x", "y", None, "x"],
        "d": pa.array([0, 1, 20_000, -1, None], pa.int32()).cast(pa.date32()),
        "f": [True, True, False, None, False],
        "v": [10, 20, 30, 40, 50],
    }
)


@pytest.mark.parametrize(
    ("keys", "where", "deleted"),
    [
        ("a", "a = 2", [20]),
        ("a", "3 = t.a", [30]),
        ("a", "a IN (1, 3, 1, NULL, 1000, -1)", [10, 30]),
        ("a", "a = 1000", []),
        ("a", "a = 2.0", [20]),
        ("a", "a = 2.5", []),
        ("a", "a = 1 AND a = 2", []),
        ("a", "a = 1 OR a = 2", [10, 20]),
        ("a", "a IN (1, 2) AND v > 10", [20]),
        ("a", "a IN (1, v / 10)", [10, 20, 30, 40]),
        ("a", "NOT a = 1", [20, 30, 40]),
        ("a", "a IS NOT DISTINCT FROM 1", [10]),
        ("a", "a IS NULL", [50]),
        ("a", "a = NULL", []),
        ("b,v", "b = 'x' AND v = 20", [20]),
        ("b,v", "v IN (10, 30) AND b IN ('x', 'y', 'X')", [10, 30]),
        ("b,v", "b = 'x'", [10, 20, 50]),
        ("b,v", "b = 'x' AND v = 20 AND f", [20]),
        ("d", "d = DATE '1970-01-02'", [20]),
        ("d", "d = TIMESTAMP '1970-01-02 00:00:01'", []),
        ("d", "d IN ('1970-01-01', DATE '2024-10-04')", [10, 30]),
        ("f,v", "f AND v = 20", [20]),
        ("f,v", "f = false AND v IN (10, 30, 50)", [30, 50]),
    ],
)
def test_deletes_by_condition_are_exact_where_the_condition_is_about_keys(
    keys: str, where: str, deleted: list[int], tmp_path: Path
) -> None:
    with supertable.connect(tmp_path) as lake:
        lake.write("t", KEYED.slice(0, 3), mode="upsert", keys=keys.split(","))
        lake.write("t", KEYED.slice(2), mode="upsert")
        lake.write("t", KEYED.slice(1, 3), mode="upsert")
        lake.sql(f"DELETE FROM t WHERE {where}")
        left = lake.sql("SELECT v FROM t").arrow()["v"].to_pylist()
        assert sorted(left) == sorted({10, 20, 30, 40, 50} - {*deleted})


def test_look_ups_find_what_is_there_at_each_version(tmp_path: Path) -> None:
    with supertable.connect(tmp_path) as lake:
        lake.write("t", pa.table({"k": range(10), "v": [0] * 10}), mode="upsert", keys="k")
        for turn in range(1, 8):
            lake.write("t", pa.table({"k": [turn, 9], "v": [turn, turn]}), mode="upsert")
        lake.delete("t", keys={"k": [3]})
        for version in range(2, 10):
            at = f"t AT (VERSION => {version})"
            turns = version - 2
            expected = [(5, 5 if turns >= 5 else 0), (9, turns)]
            assert lake.sql(f"SELECT k, v FROM {at} WHERE k IN (5, 9, 77) ORDER BY k").fetchall() == expected
        assert lake.sql("SELECT v FROM t WHERE k = ?", [3]).fetchall() == []
        lake.table("t").restore(9)
        assert lake.sql("SELECT v FROM t WHERE k = ?", [3]).fetchall() == [(3,)]
        assert lake.sql("SELECT count(*) FROM t WHERE k = 9 AND v = 7").fetchall() == [(1,)]
        lake.sql("UPDATE t SET v = -1 WHERE k = 9")
        assert lake.sql("SELECT sum(v) FROM t WHERE k IN (8, 9)").fetchall() == [(-1,)]


def test_a_role_that_sees_some_rows_finds_no_others_by_their_keys(tmp_path: Path) -> None:
    with supertable.connect(tmp_path) as lake:
        for start in range(0, 12, 2):
            lake.write("t", pa.table({"k": [start, start + 1], "v": [start, 1]}), mode="upsert", keys="k")
        lake.roles.create("part", "writer")
        lake.roles.grant("part", "t", where="v = 1")
        lake.users.create("Ann", "part")
        token = lake.tokens.create("own", "Ann").secret
        part = Lake(lake._container, "main", lake._container.sign_in()(lake.organization, token, None))
        assert part.sql("SELECT k FROM t WHERE k IN (2, 3)").fetchall() == [(3,)]
        assert part.delete("t", keys={"k": [2, 3]}).rows_deleted == 1
        part.sql("DELETE FROM t WHERE k IN (4, 5)")
        assert lake.sql("SELECT k FROM t WHERE k < 6 ORDER BY k").fetchall() == [(0,), (1,), (2,), (4,)]


REGIONS = ["EU", "US", None, "EU"]


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A table of ten files: keys 0 to 39 at version 2, then nine files, in the n-th of which key n moved a region on.

    Two more keys of two regions are in each file, so that no ranges tell which files have a key.
    """
    with supertable.connect(tmp_path_factory.mktemp("regions")) as owner:
        rows = {"k": range(40), "region": REGIONS * 10, "v": [0] * 40}
        owner.write("t", pa.table(rows), mode="upsert", keys="k")
        for k in range(9):
            moved = {"k": [-5, k, 50], "region": ["EU", REGIONS[(k + 1) % 4], "US"], "v": [1, 1, 1]}
            owner.write("t", pa.table(moved), mode="upsert")
        for name in ("eu", "blind"):
            owner.roles.create(name, "reader")
        owner.roles.grant("eu", "t", where="region = 'EU'")
        owner.roles.grant("blind", "t", columns=["k"], where="region = 'US'")
        yield owner


def region_of(k: int, version: int) -> str | None:
    """`version`: 2 is that of the first rows."""
    return REGIONS[(k + 1) % 4 if k < version - 2 else k % 4]


@pytest.fixture
def files_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files each look-up kept, in their order."""
    kept: list[int] = []
    holding = KeyMatcher.holding

    def watched(self: KeyMatcher, search: KeySearch, files: Sequence[DataFile]) -> list[DataFile]:
        found = holding(self, search, files)
        kept.append(len(found))
        return found

    monkeypatch.setattr(KeyMatcher, "holding", watched)
    return kept


@pytest.mark.parametrize(("role", "seen"), [("eu", "EU"), ("blind", "US")], ids=["eu", "blind"])
def test_look_ups_of_a_role_read_the_files_of_rows_that_it_sees(
    regions: Lake, files_read: list[int], role: str, seen: str
) -> None:
    with supertable.connect(regions.settings.home, role=role) as lake:
        for version in (11, 6, 2, 11):
            table = f"t AT (VERSION => {version})"
            for k in (-1, *range(12), 39, 40):
                expected = [(k,)] if 0 <= k < 40 and region_of(k, version) == seen else []
                assert lake.sql(f"SELECT k FROM {table} WHERE k = {k}", engine="lite").fetchall() == expected
            sought = [k for k in (0, 1, 2, 3, 4, 20, 39, 77) if k < 40 and region_of(k, version) == seen]
            several = f"SELECT k FROM {table} WHERE k IN (0, 1, 2, 3, 4, 20, 39, 77) ORDER BY k"
            assert lake.sql(several, engine="lite").fetchall() == [(k,) for k in sought]
        files_read.clear()
        counts = {}
        for k in range(12):
            lake.sql(f"SELECT k FROM t WHERE k = {k}", engine="lite").fetchall()
            counts[k] = files_read.pop()
        assert counts == {k: int(region_of(k, 11) == seen) for k in range(12)}, (
            "hidden keys are as keys that are not there"
        )


def test_a_row_that_becomes_visible_is_found_and_one_that_is_hidden_is_not(tmp_path: Path) -> None:
    with supertable.connect(tmp_path) as owner:
        for k in range(4):
            owner.write("t", pa.table({"k": [k], "team": ["red" if k % 2 else "blue"]}), mode="upsert", keys="k")
        owner.roles.create("reds", "reader")
        owner.roles.grant("reds", "t", where="team = 'red'")
        with supertable.connect(tmp_path, role="reds") as reds:

            def found() -> list[int]:
                return [k for k in range(4) for _ in reds.sql(f"FROM t WHERE k = {k}", engine="lite").fetchall()]

            for _ in range(10):
                assert found() == [1, 3]
            owner.write("t", pa.table({"k": [0, 1], "team": ["red", "blue"]}), mode="upsert")
            for _ in range(10):
                assert found() == [0, 3]
            owner.roles.grant("reds", "t", where="team = 'blue'")
            for _ in range(10):
                assert found() == [1, 2]
            owner.table("t").rename_column("team", "side")
            owner.sql("UPDATE t SET side = 'blue' WHERE k = 3")
            assert found() == [1, 2, 3]
            owner.table("t").compact(everything=True)
            assert found() == [1, 2, 3]
