"""Runs: which rows have a key, beside a search of plain lists."""

from __future__ import annotations

import random
import threading
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from supertable.application.key_index.file_keys import KeysOfFiles
from supertable.application.key_index.key_words import LEAST, KeyShape, NoWord, key_shape, sequence_words, words
from supertable.application.key_index.runs import Hits, Keys, Run, joined, merged, sorted_run, untiered
from supertable.application.key_index.table_index import TableIndex
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field

INT64 = DataType("int64")
Row = tuple[int | None, int, int]
"""A key, the number of its file, and its row there."""


def keys(values: list[int | None]) -> Keys:
    found, nulls = words(pa.chunked_array([pa.array(values, pa.int64())]), INT64)
    return Keys(found, nulls, None)


def run(rows: list[Row]) -> Run:
    files, places = (np.array([row[part] for row in rows], np.int64) for part in (1, 2))
    return sorted_run(keys([key for key, _, _ in rows]), files, places, None)


def rows_of(hits: Hits, wanted: list[int | None]) -> list[Row]:
    found = zip(hits.numbers.tolist(), hits.files.tolist(), hits.rows.tolist(), strict=True)
    return sorted(((wanted[number], file, row) for number, file, row in found), key=str)


def looked_up(found: Run, wanted: list[int | None]) -> list[Row]:
    sought = keys(wanted)
    return rows_of(found.found(sought, np.argsort(sought.words)), wanted)


@pytest.mark.parametrize("seed", range(5))
def test_runs_find_every_row_with_a_key_and_no_other(seed: int) -> None:
    choose = random.Random(seed)
    pool: list[int | None] = [None, 0, 1, -1, 2**63 - 1, -(2**63), *range(2, 12)]
    parts = [
        [(choose.choice(pool), file, row) for row in range(choose.randint(1, 30))]
        for file in range(choose.randint(1, 9))
    ]
    wanted = choose.sample(pool, 6)
    expected = sorted((row for part in parts for row in part if row[0] in wanted), key=str)
    runs: list[Run] = []
    for part in parts:
        runs.append(run(part))
        last = untiered(runs, 4)
        runs[-len(last) :] = [merged(last)]
    assert all(longer.rows >= 4 * shorter.rows for longer, shorter in pairwise(runs))
    sought = keys(wanted)
    assert rows_of(joined([one.found(sought, np.argsort(sought.words)) for one in runs]), wanted) == expected
    assert looked_up(merged([run(part) for part in parts]), wanted) == expected
    kept = np.array([file % 2 == 0 for file in range(len(parts))])
    assert looked_up(merged([run(part) for part in parts]).only(kept), wanted) == [
        row for row in expected if row[1] % 2 == 0
    ]


def test_keys_with_the_same_hash_are_told_apart() -> None:
    stored = Keys(np.array([7, 7, 7], np.int64), None, pa.table({"k": ["a", "b", None]}))
    found = sorted_run(stored, np.zeros(3, np.int64), np.arange(3), None)
    sought = Keys(np.array([7, 7], np.int64), None, pa.table({"k": ["b", None]}))
    hits = found.found(sought, np.arange(2))
    assert list(zip(hits.numbers.tolist(), hits.rows.tolist(), strict=True)) == [(0, 1), (1, 2)]


def test_floats_are_in_order_and_zeros_are_one() -> None:
    values = [float("-inf"), -1.5, -5e-324, -0.0, 0.0, 5e-324, 1.5, float("inf"), float("nan")]
    found, _ = words(pa.chunked_array([pa.array(values)]), DataType("float64"))
    assert found[3] == found[4]
    distinct = np.delete(found, 3)
    assert (distinct[1:] > distinct[:-1]).all()


def test_decimals_are_their_unscaled_values() -> None:
    kind = DataType("decimal", precision=18, scale=2)
    column = pa.array(["-1.50", None, "9999999999999999.99"]).cast(pa.decimal128(18, 2))
    found, nulls = words(pa.chunked_array([column.slice(1), column.slice(0, 1)]), kind)
    assert (found.tolist(), nulls.tolist()) == ([0, 999999999999999999, -150], [True, False, False])


def test_a_null_sequence_is_below_all_others() -> None:
    assert sequence_words(pa.chunked_array([[None, -5]], pa.int64()), INT64).tolist() == [LEAST, -5]
    with pytest.raises(NoWord):
        sequence_words(pa.chunked_array([[-(2**63)]], pa.int64()), INT64)


@pytest.mark.parametrize(
    ("sequence", "is_indexable"),
    [("int64", True), ("date", True), ("string", False), ("uint64", False)],
)
def test_sequences_without_words_in_their_order_are_not_indexed(sequence: str, is_indexable: bool) -> None:
    schema = Schema(1, (Field(1, "k", INT64), Field(2, "s", DataType(sequence))), 2)
    assert key_shape(schema, [1], 2).is_indexable is is_indexable


@pytest.mark.parametrize("merged_at_once", [0, 20, 10_000], ids=["beside writes", "both", "within writes"])
def test_an_index_finds_every_row_while_its_runs_are_merged(merged_at_once: int) -> None:
    choose = random.Random(merged_at_once)
    index = TableIndex(KeyShape(((1, INT64),), None), merged_at_once)
    expected: list[tuple[int, int, int]] = []
    for number in range(60):
        values: list[int | None] = [choose.randrange(50) for _ in range(choose.randint(1, 12))]
        places = np.arange(len(values))
        index.add([str(number)], KeysOfFiles(keys(values), np.zeros(len(values), np.int64), places, None))
        expected += [(value, number, row) for row, value in enumerate(values) if value is not None]
        wanted: list[int | None] = choose.sample(range(50), 5)
        assert rows_of(index.found(keys(wanted)), wanted) == sorted(
            (row for row in expected if row[0] in wanted), key=str
        )
    settle()
    assert index.rows == len(expected)
    index.add(["last"], KeysOfFiles(keys([0]), np.zeros(1, np.int64), np.zeros(1, np.int64), None))
    settle()  # a write merges what came while others were merged
    assert len(index._runs) < 10


def settle() -> None:
    for thread in threading.enumerate():
        if thread.name == "key-index":
            thread.join()


def test_files_that_the_table_lost_are_dropped_from_a_copy() -> None:
    index = TableIndex(KeyShape(((1, INT64),), None))
    for number, path in enumerate(("a", "b", "c")):
        rows = np.arange(3)
        found = KeysOfFiles(keys([number, number + 1, number + 2]), np.zeros(3, np.int64), rows, None)
        index.add([path], found)
    assert index.without_lost({"a", "c"}) is index  # its files may be those of a write that is not committed yet
    smaller = index.without_lost({"a", "c"})
    assert [index.covers(path) for path in "abc"] == [True, True, True]
    assert [smaller.covers(path) for path in "abc"] == [True, False, True]
    hits = smaller.found(keys([2]))
    assert sorted((smaller.path(int(file)), int(row)) for file, row in zip(hits.files, hits.rows, strict=True)) == [
        ("a", 2),
        ("c", 0),
    ]
    assert (index.rows, smaller.rows) == (9, 6)
