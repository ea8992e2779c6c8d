"""Files with ranges of all kinds, drawn at random, and their rows."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.file_table import file_table
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field
from supertable.domain.table.commits import TableDefinition
from supertable.domain.table.data_files import ColumnRange, DataFile, DeletionVector
from supertable.domain.table.file_sets import ChangedFiles, FileChanges
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


Drawn = list[tuple[DataFile, list[Row]]]


def drawn_files() -> Drawn:
    """Files and their rows, of which the first is dead if the file has a deletion vector. Some have no object."""
    found = [random_file(random.Random(number), str(number)) for number in range(200)]
    return [
        (replace(file, content=b"rows"), rows) if number % 20 == 0 else (file, rows)
        for number, (file, rows) in enumerate(found)
    ]


def partly_in_arrays(drawn: Drawn) -> ChangedFiles:
    """Two thirds in arrays, of which some were removed or marked since; one third as objects."""
    files = [file for file, _ in drawn]
    changes = FileChanges(ChangedFiles(as_arrays([*files[:130], *(random_file(random.Random(7), "old"))[:1]])))
    changes.apply(
        ["data/old.parquet"], {file.path: file.deletes for file in files[:130:7] if file.deletes}, files[130:]
    )
    return changes.files()


def as_arrays(files: Sequence[DataFile]) -> ColumnFiles:
    return ColumnFiles(*file_table(files))


def order(value: Any) -> tuple[bool, Any]:
    """NaN is above all other floats."""
    is_nan = isinstance(value, float) and math.isnan(value)
    return is_nan, 0 if is_nan else value


def snapshot_of(files: Mapping[str, DataFile]) -> Snapshot:
    return Snapshot(1, "", 1, 1, TableDefinition(), CURRENT, WRITTEN, files, {})
