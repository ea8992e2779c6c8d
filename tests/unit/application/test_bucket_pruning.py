"""Buckets prune many files, as arrays, as they prune single ones, and never a file with a matching row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from supertable.application.storage.snapshot_files.column_pruning import pruned_files
from supertable.application.storage.snapshot_files.compactible_files import compactible_files
from supertable.application.storage.snapshot_files.folding import as_columns
from supertable.domain.layout.hashes import bucket
from supertable.domain.layout.layouts import PartitionField
from supertable.domain.maintenance.compaction import partition_of
from supertable.domain.scan.file_pruning import pruned
from supertable.domain.scan.predicates import All, AnyOf, Compare, IsIn, NullTest, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field
from supertable.domain.table.data_files import ColumnRange, DataFile
from supertable.domain.table.file_sets import ChangedFiles
from supertable.domain.table.maintenance_policy import MaintenancePolicy
from tests.support.budgets import chance

BEFORE = Schema(1, (Field(1, "n", DataType("date")), Field(2, "s", DataType("string"))), 2)
NOW = Schema(2, (Field(1, "n", DataType("timestamp", unit="ms")), Field(2, "s", DataType("string"))), 2)
SCHEMAS = {1: BEFORE, 2: NOW}
DAY = 86_400_000
BUCKETS = (PartitionField(1, "bucket", 7), PartitionField(2, "bucket", 5))
Row = tuple[int | None, str | None]


@dataclass(frozen=True)
class Drawn:
    file: DataFile
    rows: list[Row]
    """With `n` in milliseconds."""


def spread(values: list[Any]) -> ColumnRange:
    known = [value for value in values if value is not None]
    return ColumnRange(min(known, default=None), max(known, default=None), len(values) - len(known))


def drawn(number: int) -> Drawn:
    random = chance(f"bucket pruning {number}")
    schema_id = random.choice([1, 2])
    numbers: list[int | None] = [None if random.random() < 0.2 else random.randrange(40) for _ in range(2)]
    if schema_id == 2:
        numbers = [n if n is None else n * DAY + random.choice([0, 1]) for n in numbers]
    texts = [None if random.random() < 0.2 else f"text {random.randrange(30)}" for _ in numbers]
    ranges = {1: spread(numbers), 2: spread(texts)}
    columns: list[list[Any]] = [numbers, texts]
    for field, values in zip(BUCKETS, columns, strict=True):
        if random.random() < 0.9:
            found = [None if value is None else bucket(value, field.parameter) for value in values]
            ranges[field.range_id] = spread(found)
    file = DataFile(f"data/{number}", len(numbers), 100, "", schema_id, ranges)
    factor = DAY if schema_id == 1 else 1
    return Drawn(file, [(n if n is None else n * factor, s) for n, s in zip(numbers, texts, strict=True)])


FILES = [drawn(number) for number in range(1_500)]
BY_PATH = {each.file.path: each.file for each in FILES}
PREDICATES: list[tuple[str, Predicate, Any]] = [
    ("day", Compare("n", "=", 5 * DAY), lambda n, s: n == 5 * DAY),
    ("moment", Compare("n", "=", 5 * DAY + 1), lambda n, s: n == 5 * DAY + 1),
    ("in", IsIn("n", (5 * DAY, 6 * DAY + 1)), lambda n, s: n in (5 * DAY, 6 * DAY + 1)),
    ("text", Compare("s", "=", "text 7"), lambda n, s: s == "text 7"),
    ("both", All((Compare("s", "=", "text 7"), Compare("n", ">", DAY))), lambda n, s: s == "text 7" and (n or 0) > DAY),
    ("or", AnyOf((Compare("s", "=", "text 7"), NullTest("n", False))), lambda n, s: s == "text 7" or n is None),
    ("float", Compare("n", "=", 5.0 * DAY), lambda n, s: n == 5 * DAY),
    (
        "many",
        IsIn("n", tuple(n * DAY for n in range(20))),
        lambda n, s: n is not None and n % DAY == 0 and n < 20 * DAY,
    ),
]


@pytest.mark.parametrize(
    ("predicate", "holds"), [case[1:] for case in PREDICATES], ids=[case[0] for case in PREDICATES]
)
def test_no_file_with_a_matching_row_is_left_out(predicate: Predicate, holds: Any) -> None:
    single = {file.path for file in pruned(BY_PATH.values(), predicate, SCHEMAS, NOW, BUCKETS)}
    arrays = ChangedFiles(as_columns(BY_PATH))
    assert {file.path for file in pruned_files(arrays, predicate, SCHEMAS, NOW, BUCKETS)} == single
    assert {each.file.path for each in FILES if any(holds(*row) for row in each.rows)} <= single
    assert len(single) <= len(pruned(BY_PATH.values(), predicate, SCHEMAS, NOW))


def test_buckets_leave_files_out() -> None:
    for predicate in (Compare("s", "=", "text 7"), Compare("n", "=", 5 * DAY)):
        by_ranges = pruned(BY_PATH.values(), predicate, SCHEMAS, NOW)
        assert len(pruned(BY_PATH.values(), predicate, SCHEMAS, NOW, BUCKETS)) < 0.8 * len(by_ranges)


def test_strays_are_found_among_arrays() -> None:
    """No file is small or dirty by this policy, so that only strays are chosen."""
    policy = MaintenancePolicy(target_file_bytes=1)
    expected = [each.file.path for each in FILES if partition_of(each.file, BUCKETS) is None]
    found = compactible_files(ChangedFiles(as_columns(BY_PATH)), policy, BUCKETS)
    assert 0 < len(expected) < len(FILES)
    assert [file.path for file in found] == expected
