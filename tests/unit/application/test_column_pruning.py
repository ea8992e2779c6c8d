"""Pruning over arrays, against the rule for single files, and against rows that are compared one by one."""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from supertable.application.storage.snapshot_files.column_pruning import pruned_files
from supertable.domain.scan.file_pruning import pruned
from supertable.domain.scan.predicates import All, AnyOf, Compare, IsIn, NullTest, Predicate
from supertable.domain.table.data_files import ColumnRange, DataFile
from supertable.domain.table.file_sets import ChangedFiles, Totals
from tests.support.drawn_files import (
    ADDED,
    CURRENT,
    FLOATS,
    IDS,
    NUMBERS,
    TEXTS,
    TYPES,
    WRITTEN,
    Drawn,
    Row,
    as_arrays,
)


def random_predicate(chance: random.Random, depth: int = 2) -> Predicate:
    kind = chance.random()
    if depth and kind < 0.3:
        parts = tuple(random_predicate(chance, depth - 1) for _ in range(chance.randint(0, 3)))
        return All(parts) if chance.random() < 0.5 else AnyOf(parts)
    column = chance.choice([*TYPES, "added", "unknown"])
    if kind < 0.45:
        return NullTest(column, chance.random() < 0.5)
    if kind < 0.7:
        return IsIn(column, tuple(random_value(chance, column) for _ in range(chance.choice([0, 1, 2, 3, 9, 20]))))
    return Compare(column, chance.choice(["=", "<", "<=", ">", ">="]), random_value(chance, column))


def random_value(chance: random.Random, column: str) -> Any:
    if column == "text":
        return chance.choice(TEXTS) + chance.choice(["", "", "x"])
    if chance.random() < 0.2:
        return chance.choice([True, False, *FLOATS])
    return chance.choice(NUMBERS) + chance.choice([0, 0, 1, -1])


TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compared(test: str, value: Any, with_value: Any) -> bool:
    """NaN is above all other values, and no predicate has it."""
    if isinstance(value, float) and math.isnan(value):
        return test in (">", ">=")
    return TESTS[test](value, with_value)


def is_true(predicate: Predicate, row: Row) -> bool:
    match predicate:
        case All(parts):
            return all(is_true(part, row) for part in parts)
        case AnyOf(parts):
            return any(is_true(part, row) for part in parts)
    if predicate.column == "unknown":
        return True
    value = row.get(ADDED.id if predicate.column == "added" else IDS[predicate.column])
    match predicate:
        case NullTest(_, negated):
            return (value is None) != negated
        case IsIn(_, values):
            return value is not None and any(compared("=", value, one) for one in values)
        case Compare(_, test, other):
            return value is not None and compared(test, value, other)


@pytest.mark.parametrize("seed", range(3))
def test_arrays_decide_like_single_files_and_lose_no_row(seed: int, drawn: Drawn, arrays: ChangedFiles) -> None:
    chance = random.Random(seed)
    left_out = 0
    for _ in range(80):
        predicate = random_predicate(chance)
        found = pruned_files(arrays, predicate, WRITTEN, CURRENT)
        paths = [file.path for file in found]
        single = pruned([file for file, _ in drawn], predicate, WRITTEN, CURRENT)
        assert paths == [file.path for file in single], predicate
        lost = [
            file.path for file, rows in drawn if file.path not in paths and any(is_true(predicate, r) for r in rows)
        ]
        assert lost == [], predicate
        left_out += len(drawn) - len(found)
    assert left_out > 80 * 50


def test_arrays_give_back_the_files(drawn: Drawn) -> None:
    files = [file for file, _ in drawn]
    assert list(as_arrays(files).values()) == files
    inline = sum(file.bytes for file in files if file.content is not None)
    dead = sum(file.deletes.rows for file in files if file.deletes)
    rows, size = sum(file.rows for file in files), sum(file.bytes for file in files)
    assert inline > 0
    assert as_arrays(files).totals == Totals(len(files), rows, dead, size, inline)
    many = [DataFile(f"data/{n}", 1, 1, "", 1, {1: ColumnRange(n, n, 0)}) for n in range(5000)]
    assert list(as_arrays(many).values()) == many
    assert as_arrays(many).some(["data/4999", "data/5000", "data/17"]) == {"data/4999": many[4999], "data/17": many[17]}


def test_texts_that_are_no_unicode_and_integers_of_any_size_are_kept_with_their_files() -> None:
    odd = [
        DataFile("a", 1, 1, "", 1, {1: ColumnRange("\ud800", "\udfff", 0)}),
        DataFile("b", 1, 1, "", 1, {1: ColumnRange(-(10**40), 10**40, 0)}),
        DataFile("c", 1, 1, "", 1, {1: ColumnRange(False, True, 0), 2: ColumnRange(0.0, 1.0, 0)}),
    ]
    assert list(as_arrays(odd).values()) == odd
    assert [type(file.ranges[1].low) for file in as_arrays(odd).values()] == [str, int, bool]
