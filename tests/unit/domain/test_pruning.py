"""File pruning by column ranges."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pytest

from supertable.domain.scan.file_pruning import may_match, pruned
from supertable.domain.scan.predicates import ALWAYS, All, AnyOf, Compare, IsIn, NullTest, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field
from supertable.domain.table.data_files import ColumnRange, DataFile

NEVER = AnyOf(())


def schema(*columns: tuple[int, str, DataType], number: int = 1) -> Schema:
    return Schema(number, tuple(Field(*column) for column in columns), 99)


INT = schema((1, "a", DataType("int64")), (2, "s", DataType("string")), (3, "f", DataType("float64")))


def file(rows: int = 10, **ranges: tuple[Any, Any, int]) -> DataFile:
    ids = {"a": 1, "s": 2, "f": 3}
    return DataFile("data/x", rows, 100, "", 1, {ids[name]: ColumnRange(*given) for name, given in ranges.items()})


def matches(predicate: Predicate, given: DataFile) -> bool:
    return may_match(predicate, given, INT, INT)


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("=", 9, False),
        ("=", 10, True),
        ("=", 15, True),
        ("=", 20, True),
        ("=", 21, False),
        ("<", 10, False),
        ("<", 11, True),
        ("<=", 9, False),
        ("<=", 10, True),
        (">", 20, False),
        (">", 19, True),
        (">=", 21, False),
        (">=", 20, True),
    ],
)
def test_comparisons(operator: str, value: int, expected: bool) -> None:
    assert matches(Compare("a", operator, value), file(a=(10, 20, 0))) is expected
    assert matches(Compare("A", operator, value), file(a=(10, 20, 3))) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [((), False), ((9, 21), False), ((9, 15, 21), True), ((10,), True), ((20, 99), True), ((21,), False)],
)
def test_lists(values: tuple[int, ...], expected: bool) -> None:
    assert matches(IsIn("a", values), file(a=(10, 20, 0))) is expected


def test_nulls() -> None:
    assert matches(NullTest("a", negated=False), file(a=(1, 2, 1)))
    assert not matches(NullTest("a", negated=False), file(a=(1, 2, 0)))
    assert matches(NullTest("a", negated=True), file(rows=2, a=(1, 2, 1)))
    assert not matches(NullTest("a", negated=True), file(rows=2, a=(None, None, 2)))


@pytest.mark.parametrize(
    "predicate", [Compare("a", operator, 5) for operator in ("=", "<", "<=", ">", ">=")] + [IsIn("a", (5,))]
)
def test_a_column_of_nulls_matches_no_value(predicate: Predicate) -> None:
    assert not matches(predicate, file(rows=3, a=(None, None, 3)))
    assert matches(predicate, file(rows=3, a=(None, None, 2)))


def test_unknown_ranges_may_match() -> None:
    for predicate in (Compare("a", "=", 5), IsIn("a", (5,)), NullTest("a", negated=False), NullTest("a", negated=True)):
        assert matches(predicate, file())
    assert matches(Compare("nowhere", "=", 5), file(a=(1, 2, 0)))


def test_ranges_with_one_known_bound() -> None:
    low = file(f=(1.0, None, 0))
    assert not matches(Compare("f", "=", 0.5), low)
    assert matches(Compare("f", "=", math.inf), low)
    assert not matches(Compare("f", "<", 1.0), low)
    assert matches(Compare("f", ">", 1e300), low)
    assert not matches(IsIn("f", (0.0, 0.5)), low)
    assert matches(IsIn("f", (0.0, 7.5)), low)
    high = file(f=(None, 1.0, 0))
    assert matches(IsIn("f", (0.0, 7.5)), high)
    assert not matches(IsIn("f", (7.5,)), high)


def test_all_and_any() -> None:
    given = file(a=(10, 20, 0), s=("b", "d", 0))
    inside, outside = Compare("a", "=", 15), Compare("s", "=", "z")
    assert matches(ALWAYS, given)
    assert not matches(NEVER, given)
    assert matches(All((inside,)), given)
    assert not matches(All((inside, outside)), given)
    assert matches(AnyOf((inside, outside)), given)
    assert not matches(AnyOf((outside, outside)), given)
    assert matches(All((AnyOf((outside, inside)), Compare("s", ">=", "c"))), given)


def test_text_is_ordered_by_its_bytes() -> None:
    given = file(s=("Z", "ä", 0))
    assert matches(Compare("s", "=", "a"), given)
    assert not matches(Compare("s", "=", "Y"), given)
    assert not matches(Compare("s", ">", "ä"), given)
    assert not matches(Compare("s", "=", "\uffff"), given)
    assert not matches(Compare("s", "=", "\U0001f600"), given)


def test_a_value_of_another_type_prunes_nothing() -> None:
    assert matches(Compare("a", "=", "x"), file(a=(1, 2, 0)))
    assert matches(Compare("s", "=", 5), file(s=("a", "b", 0)))
    assert matches(Compare("f", "=", math.nan), file(f=(1.0, 2.0, 0)))


def test_zeros_and_infinities() -> None:
    assert matches(Compare("f", "=", 0.0), file(f=(-0.0, -0.0, 0)))
    assert matches(Compare("f", ">=", 0.0), file(f=(-1.0, -0.0, 0)))
    assert matches(Compare("f", "<", math.inf), file(f=(-math.inf, -math.inf, 0)))


@pytest.mark.parametrize(
    ("old", "new", "span", "value", "expected"),
    [
        (DataType("int8"), DataType("int64"), (1, 5), 5, True),
        (DataType("uint32"), DataType("int64"), (1, 5), 6, False),
        (DataType("float32"), DataType("float64"), (0.5, 1.5), 1.0, True),
        (DataType("decimal", 5, 2), DataType("decimal", 9, 4), (100, 250), 25_000, True),
        (DataType("decimal", 5, 2), DataType("decimal", 9, 4), (100, 250), 25_001, False),
        (DataType("timestamp", unit="ms"), DataType("timestamp", unit="us"), (1, 5), 5_000, True),
        (DataType("timestamp", unit="ms"), DataType("timestamp", unit="us"), (1, 5), 5_001, False),
        (DataType("timestamp", unit="us"), DataType("timestamp", unit="ns"), (1, 5), 999, False),
        (DataType("time", unit="ms"), DataType("time", unit="us"), (1, 5), 1_000, True),
        (DataType("date"), DataType("timestamp", unit="us"), (1, 2), 86_400_000_000, True),
        (DataType("date"), DataType("timestamp", unit="us"), (1, 2), 86_399_999_999, False),
        (DataType("date"), DataType("timestamp", unit="ms"), (1, 2), 172_800_001, False),
        (DataType("decimal", 9, 4), DataType("decimal", 9, 2), (1, 2), 5_000, True),
        (DataType("string"), DataType("binary"), ("a", "b"), "z", True),
    ],
    ids=str,
)
def test_ranges_of_widened_columns(
    old: DataType, new: DataType, span: tuple[Any, Any], value: Any, expected: bool
) -> None:
    given = DataFile("x", 10, 1, "", 1, {1: ColumnRange(*span, 0)})
    before, after = schema((1, "old", old)), schema((1, "new", new), number=2)
    assert may_match(Compare("new", "=", value), given, before, after) is expected
    assert may_match(IsIn("new", (value,)), given, before, after) is expected


def test_columns_are_matched_by_field_id() -> None:
    before = schema((1, "a", DataType("int64")), (2, "b", DataType("int64")))
    after = schema((2, "a", DataType("int64")), (3, "c", DataType("int64")), number=2)
    given = DataFile("x", 10, 1, "", 1, {1: ColumnRange(1, 1, 0), 2: ColumnRange(5, 5, 0)})
    assert may_match(Compare("a", "=", 5), given, before, after)
    assert not may_match(Compare("a", "=", 1), given, before, after)


def test_a_column_added_later_is_null_in_older_files() -> None:
    before, after = schema((1, "a", DataType("int64"))), schema((2, "c", DataType("int64")), number=2)
    given = DataFile("x", 10, 1, "", 1, {})
    assert not may_match(Compare("c", "=", 5), given, before, after)
    assert not may_match(IsIn("c", (5,)), given, before, after)
    assert not may_match(NullTest("c", negated=True), given, before, after)
    assert may_match(NullTest("c", negated=False), given, before, after)


def test_pruning_keeps_the_order_of_files_and_uses_the_schema_of_each() -> None:
    older, newer = schema((1, "a", DataType("int64"))), schema((2, "c", DataType("int64")), number=2)
    files = [
        DataFile("one", 10, 1, "", 2, {2: ColumnRange(1, 9, 0)}),
        DataFile("two", 10, 1, "", 1, {1: ColumnRange(5, 5, 0)}),
        DataFile("three", 10, 1, "", 2, {2: ColumnRange(5, 5, 0)}),
    ]
    kept = pruned(files, Compare("c", "=", 5), {1: older, 2: newer}, newer)
    assert [given.path for given in kept] == ["one", "three"]
    assert pruned(files, ALWAYS, {}, newer) == files


@cache
def many_files() -> list[DataFile]:
    return [file(a=(number * 10, number * 10 + 9, 0), s=("a", "z", 0)) for number in range(100_000)]


@pytest.mark.parametrize(
    "predicate",
    [
        Compare("a", "=", 500_000),
        All((Compare("a", ">=", 5_000), Compare("a", "<", 500_000), Compare("s", "=", "q"))),
        IsIn("a", tuple(range(0, 1_000_000, 997))),
        AnyOf((Compare("a", "=", 3), Compare("s", "=", "zz"))),
    ],
    ids=["equal", "all", "list", "any"],
)
def test_a_hundred_thousand_files_are_pruned(predicate: Predicate) -> None:
    files = many_files()
    assert 0 < len(pruned(files, predicate, {1: INT}, INT)) < len(files)
