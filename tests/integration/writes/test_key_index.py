"""The key index in a lake: when it covers files, what it takes, and that it never changes what a write does."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import supertable
from supertable import Lake

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
    assert indexes.bytes == 16 * 2  # the new rows alone
    upsert(lake, [2, 3, -1], 5)
    assert indexes.bytes == 16 * (LARGE + 2 + 3)
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


def test_keys_that_do_not_fit_are_searched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_KEY_INDEX_BYTES", "1000")
    with supertable.connect(tmp_path) as lake:
        for start in (0, 50, 100):
            keys = range(start, start + 100)
            lake.write("t", pa.table({"k": keys, "v": [start] * 100}), mode="upsert", keys="k")
        assert lake._container.key_indexes().bytes <= 1000
        assert sums(lake) == (200, 200, 50 * 50 + 100 * 100)
