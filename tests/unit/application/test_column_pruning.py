"""Pruning over arrays, against the rule for single files, and against rows that are compared one by one."""

from __future__ import annotations

import itertools
import math
import operator
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.column_pruning import pruned_files
from supertable.application.storage.snapshot_files.compactible_files import compactible_files
from supertable.application.storage.snapshot_files.file_table import file_table
from supertable.application.storage.snapshot_files.first_files import predicate_of_first
from supertable.domain.scan.file_pruning import pruned
from supertable.domain.scan.first_rows import FirstRows
from supertable.domain.scan.predicates import All, AnyOf, Compare, IsIn, NullTest, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field
from supertable.domain.table.commits import TableDefinition
from supertable.domain.table.data_files import ColumnRange, DataFile, DeletionVector
from supertable.domain.table.file_sets import ChangedFiles, FileChanges
from supertable.domain.table.maintenance_policy import MaintenancePolicy
from supertable.domain.table.snapshots import Snapshot

Row = dict[int, Any]

BIG = 2**63
NUMBERS = [-(10**37), -BIG - 1, -BIG, -BIG + 1, -(2**53) - 1, -7, -1, 0, 1, 7, 86_400, 2**53, 2**53 + 1, BIG - 1, BIG]
NUMBERS += [2 * BIG - 1, 10**37]
FLOATS = [-math.inf, -1e300, -(2.0**63), -7.5, -0.0, 0.0, 0.1, 1.0, 2.0**53, 2.0**63, 1e300, math.inf]
TEXTS = ["", "A", "Z", "a", "ab", "aß", "b", "é", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"]


def decimal(precision: int, scale: int) -> DataType:
    return DataType("decimal", precision, scale)


TYPES: dict[str, list[tuple[DataType, int, Sequence[Any]]]] = {
    "int": [
        (DataType("int32"), 1, [-7, 0, 1, 7, 2**31 - 1]),
        (DataType("int64"), 1, [one for one in NUMBERS if -BIG <= one < BIG]),
    ],
    "unsigned": [
        (DataType("uint8"), 1, [0, 1, 7]),
        (DataType("uint64"), 1, [one for one in NUMBERS if 0 <= one < 2 * BIG]),
    ],
    "float": [(DataType("float32"), 1, [-7.5, 0.0, 1.0]), (DataType("float64"), 1, [*FLOATS, math.nan])],
    "text": [(DataType("string"), 1, TEXTS)],
    "decimal": [
        (decimal(9, 2), 10**4, [-700, 0, 1, 99, 700]),
        (decimal(38, 6), 1, NUMBERS),
    ],
    "time": [
        (DataType("date"), 86_400_000_000, [-106_751, -1, 0, 1, 2_932_896]),
        (DataType("timestamp", unit="ms"), 1000, [-BIG // 1000, -1, 0, 86_400_000, BIG // 1000]),
        (DataType("timestamp", unit="us"), 1, [-BIG + 1, -1, 0, 86_400_000_000, BIG - 1]),
    ],
    "bool": [(DataType("bool"), 1, [False, True])],
}
"""By column: its types, oldest first, the factor to the units of the last, and values in their own units."""


def of_schema(types: Sequence[Any], schema_id: int) -> Any:
    return types[min(schema_id, len(types)) - 1]


IDS = {name: number for number, name in enumerate(TYPES, 1)}
ADDED, DROPPED = Field(len(IDS) + 1, "added", DataType("int64")), Field(len(IDS) + 2, "dropped", DataType("int64"))
CURRENT = Schema(3, (*(Field(IDS[name], name, each[-1][0]) for name, each in TYPES.items()), ADDED), 99)
WRITTEN: dict[int, Schema] = {
    number: Schema(
        number,
        (
            *(Field(IDS[name], f"old {name}", each[min(number, len(each)) - 1][0]) for name, each in TYPES.items()),
            DROPPED,
        ),
        99,
    )
    for number in (1, 2)
} | {3: CURRENT}


def random_file(chance: random.Random, name: str) -> tuple[DataFile, list[Row]]:
    """A file and its rows: values in the units of the current types, by field id."""
    schema_id = chance.randint(1, 3)
    count = chance.randint(1, 4)
    rows: list[Row] = [{} for _ in range(count)]
    ranges: dict[int, ColumnRange] = {}
    for column, types in TYPES.items():
        _, factor, values = of_schema(types, schema_id)
        chosen = [chance.choice([None, chance.choice(values), chance.choice(values)]) for _ in range(count)]
        if chance.random() < 0.2:
            chosen = [None] * count
        for row, value in zip(rows, chosen, strict=True):
            row[IDS[column]] = value if value is None or factor == 1 else value * factor
        if chance.random() < 0.9:
            ranges[IDS[column]] = range_of(chance, chosen)
    if schema_id == 3:
        for row in rows:
            row[ADDED.id] = chance.choice([None, 1, 5])
        ranges[ADDED.id] = range_of(chance, [row[ADDED.id] for row in rows])
    vector = DeletionVector(f"{name}.arrow", 1, "d" * 32, chance.choice(["", "x"])) if chance.random() < 0.3 else None
    folder = chance.choice(["", "", "elsewhere"])
    return DataFile(f"data/{name}.parquet", count, count * 10, "e" * 32, schema_id, ranges, vector, folder), rows


def range_of(chance: random.Random, values: Sequence[Any]) -> ColumnRange:
    known = [value for value in values if value is not None]
    nulls = len(values) - len(known)
    numbers = [value for value in known if not (isinstance(value, float) and math.isnan(value))]
    low = min(numbers, default=None) if chance.random() < 0.9 else None
    high = max(numbers, default=None) if chance.random() < 0.9 and len(numbers) == len(known) else None
    return ColumnRange(finite(low), finite(high), nulls)


def finite(value: Any) -> Any:
    return None if isinstance(value, float) and math.isinf(value) else value


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


def as_arrays(files: Sequence[DataFile]) -> ColumnFiles:
    return ColumnFiles(*file_table(files))


@pytest.fixture(scope="module")
def drawn() -> list[tuple[DataFile, list[Row]]]:
    """Some of the files have no object."""
    found = [random_file(random.Random(number), str(number)) for number in range(200)]
    return [
        (replace(file, content=b"rows"), rows) if number % 20 == 0 else (file, rows)
        for number, (file, rows) in enumerate(found)
    ]


@pytest.fixture(scope="module")
def arrays(drawn: list[tuple[DataFile, list[Row]]]) -> ChangedFiles:
    """Two thirds in arrays, of which some were removed or marked since; one third as objects."""
    files = [file for file, _ in drawn]
    changes = FileChanges(ChangedFiles(as_arrays([*files[:130], *(random_file(random.Random(7), "old"))[:1]])))
    changes.apply(
        ["data/old.parquet"], {file.path: file.deletes for file in files[:130:7] if file.deletes}, files[130:]
    )
    return changes.files()


@pytest.mark.parametrize("seed", range(3))
def test_arrays_decide_like_single_files_and_lose_no_row(
    seed: int, drawn: list[tuple[DataFile, list[Row]]], arrays: ChangedFiles
) -> None:
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


@pytest.mark.parametrize("column", [*TYPES, "added"])
def test_the_first_rows_by_a_column_are_in_the_files_that_are_left(
    column: str, drawn: list[tuple[DataFile, list[Row]]], arrays: ChangedFiles
) -> None:
    field_id = ADDED.id if column == "added" else IDS[column]
    live = [(file.path, row.get(field_id)) for file, rows in drawn for row in rows[1 if file.deletes else 0 :]]
    left_out = 0
    for descending, nulls_first, count in itertools.product([False, True], [False, True], [1, 2, 9, 40, 10_000]):
        first = FirstRows(column, count, descending, nulls_first)
        values = sorted((value for _, value in live if value is not None), key=order, reverse=descending)
        nulls = sum(value is None for _, value in live)
        last = count - nulls if nulls_first else count
        needed = {order(value) for value in values[: max(last, 0)]}
        paths = {path for path, value in live if value is not None and order(value) in needed}
        if nulls_first or count > len(values):
            paths |= {path for path, value in live if value is None}
        for files in (arrays, dict(arrays)):
            predicate = predicate_of_first(snapshot_of(files), first)
            found = [file.path for file in pruned_files(files, predicate, WRITTEN, CURRENT)]
            assert paths <= {*found}, first
        assert found == [file.path for file in pruned_files(arrays, predicate, WRITTEN, CURRENT)]
        left_out += len(drawn) - len(found)
    assert left_out or column == "added"


def order(value: Any) -> tuple[bool, Any]:
    """NaN is above all other floats."""
    is_nan = isinstance(value, float) and math.isnan(value)
    return is_nan, 0 if is_nan else value


def snapshot_of(files: Mapping[str, DataFile]) -> Snapshot:
    return Snapshot(1, "", 1, 1, TableDefinition(), CURRENT, WRITTEN, files, {})


def test_arrays_give_back_the_files(drawn: list[tuple[DataFile, list[Row]]]) -> None:
    files = [file for file, _ in drawn]
    assert list(as_arrays(files).values()) == files
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


@pytest.mark.parametrize(("target", "share"), [(1024, 1.0), (30, 0.3), (60, 0.5), (2000, 0.01)])
def test_the_files_that_a_compaction_may_rewrite_are_the_small_and_the_dirty_ones(
    target: int, share: float, drawn: list[tuple[DataFile, list[Row]]], arrays: ChangedFiles
) -> None:
    policy = MaintenancePolicy(target, dirty_share=share)
    expected = [
        file.path
        for file, _ in drawn
        if file.bytes * file.live_rows // file.rows < target * 0.5
        or (file.rows - file.live_rows) / file.rows >= share - 1e-12
        or file.content is not None
    ]
    for files in (arrays, dict(arrays)):
        assert [file.path for file in compactible_files(files, policy)] == expected
