"""Partition values as arrays equal those of a plain-Python model, for all types, with nulls and in slices."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from supertable.application.storage.arrow.arrow_schemas import fields_of
from supertable.application.storage.layout.arranged_rows import LEAST_ROWS, LEAST_ROWS_OF_PARTITION, Arrangement
from supertable.application.storage.layout.partition_values import PartitionRanges, partition_values
from supertable.domain.layout.hashes import bucket, bytes_hash, integer_hash
from supertable.domain.layout.layouts import Layout, PartitionField, SortColumn
from supertable.domain.schema.schemas import first_schema
from supertable.domain.table.data_files import ColumnRange

MOMENTS = [
    datetime(1, 1, 1),
    datetime(1969, 12, 31, 23, 59, 59, 999_999),
    datetime(1970, 1, 1),
    datetime(2024, 2, 29, 7),
]
ZONED = [moment.replace(tzinfo=UTC) for moment in MOMENTS]
DAYS = [date(1, 1, 1), date(1969, 12, 31), date(1970, 1, 1), date(2024, 2, 29), date(9999, 12, 31)]
SHORT = [Decimal("-12.34"), Decimal("0.00"), Decimal("99999999.99"), Decimal("-0.01"), Decimal("20.00")]
WIDE = [Decimal(10**35), Decimal(-(10**35)), Decimal(0), Decimal(-1)]
NUMBERS = [0, 1, -1, 9, 10, -10, -11, 2**63 - 1, -(2**63)]
TEXTS = ["", "a", "Straße", "日本語です", "x" * 255, "x" * 256 + "y", "x" * 300, "12345678", "123456789"]
EPOCH = datetime(1970, 1, 1)


def micros(moment: datetime) -> int:
    passed = moment.replace(tzinfo=None) - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def of_day(clock: time) -> int:
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1_000_000 + clock.microsecond


def days(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()


def unscaled(value: Decimal) -> int:
    return int(value.scaleb(2))


Case = tuple[pa.DataType, str, int, list[Any], Callable[[Any], int]]
CASES: list[Case] = [
    (pa.int64(), "identity", 0, NUMBERS, int),
    (pa.int8(), "identity", 0, [0, -128, 127], int),
    (pa.bool_(), "identity", 0, [True, False], int),
    (pa.date32(), "identity", 0, DAYS, days),
    (pa.timestamp("us"), "identity", 0, MOMENTS, micros),
    (pa.timestamp("ms", "UTC"), "identity", 0, ZONED[2:], lambda value: micros(value) // 1000),
    (pa.time64("us"), "identity", 0, [time(0), time(23, 59, 59, 5)], of_day),
    (pa.decimal128(10, 2), "identity", 0, SHORT, unscaled),
    (pa.decimal128(38, 0), "identity", 0, WIDE, lambda value: integer_hash(int(value)) // 2),
    (pa.string(), "identity", 0, TEXTS, lambda text: bytes_hash(text.encode()) // 2),
    (pa.int64(), "truncate", 10, NUMBERS, lambda value: value // 10),
    (pa.uint64(), "truncate", 3, [0, 5, 2**64 - 1], lambda value: value // 3),
    (pa.decimal128(10, 2), "truncate", 10, SHORT, lambda value: math.floor(value / 10)),
    (pa.string(), "truncate", 2, TEXTS, lambda text: bytes_hash(text[:2].encode()) // 2),
    (pa.binary(), "truncate", 2, [b"", b"ab", b"abc\x00"], lambda value: bytes_hash(value[:2]) // 2),
    (pa.date32(), "year", 0, DAYS, lambda day: day.year - 1970),
    (pa.date32(), "month", 0, DAYS, lambda day: (day.year - 1970) * 12 + day.month - 1),
    (pa.date32(), "day", 0, DAYS, days),
    (pa.timestamp("us"), "year", 0, MOMENTS, lambda moment: moment.year - 1970),
    (pa.timestamp("us"), "month", 0, MOMENTS, lambda moment: (moment.year - 1970) * 12 + moment.month - 1),
    (pa.timestamp("us", "Europe/Berlin"), "day", 0, ZONED, days),
    (pa.timestamp("ns"), "hour", 0, MOMENTS[1:], lambda moment: micros(moment) // 3_600_000_000),
    (pa.int32(), "bucket", 16, [0, 1, -1, 2**31 - 1], lambda value: bucket(value, 16)),
    (pa.int64(), "bucket", 16, NUMBERS, lambda value: bucket(value, 16)),
    (pa.uint64(), "bucket", 5, [0, 2**64 - 1, 2**63], lambda value: bucket(value, 5)),
    (pa.date32(), "bucket", 16, DAYS, lambda day: bucket(days(day), 16)),
    (pa.timestamp("us", "UTC"), "bucket", 16, ZONED, lambda moment: bucket(micros(moment), 16)),
    (pa.decimal128(10, 2), "bucket", 7, SHORT, lambda value: bucket(unscaled(value), 7)),
    (pa.decimal128(38, 0), "bucket", 7, WIDE, lambda value: bucket(int(value), 7)),
    (pa.string(), "bucket", 1_000, TEXTS, lambda text: bucket(text, 1_000)),
    (pa.binary(), "bucket", 9, [b"", b"\x00", b"\xff" * 20], lambda value: bucket(value, 9)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "transform", "parameter", "values", "model"), CASES, ids=[f"{case[1]}-{case[0]}" for case in CASES]
)
def test_values_are_those_of_the_model(
    kind: pa.DataType, transform: str, parameter: int, values: list[Any], model: Callable[[Any], int]
) -> None:
    given = [None, *values, None, values[0]]
    rows = pa.table({"other": range(len(given)), "c": pa.array(given, kind)}).slice(1)
    schema = first_schema(fields_of(rows.schema))
    found, nulls = partition_values(rows, PartitionField(2, transform, parameter), schema)
    assert nulls.tolist() == [value is None for value in given[1:]]
    assert found.tolist() == [0 if value is None else model(value) for value in given[1:]]


def test_ranges_cover_all_groups() -> None:
    rows = pa.table({"c": pa.array([None, 7, -3, None], pa.int64())})
    ranges = PartitionRanges(first_schema(fields_of(rows.schema)), [field := PartitionField(1, "truncate", 2)])
    for part in (rows.slice(0, 1), rows.slice(1, 1), rows.slice(2), rows.slice(4)):
        ranges.add(part)
    assert ranges.ranges() == {field.range_id: ColumnRange(-2, 3, 2)}


def arranged(rows: pa.Table, layout: Layout, *, always: bool = False) -> tuple[list[list[dict[str, Any]]], list[int]]:
    schema = first_schema(fields_of(rows.schema))
    plan = Arrangement(layout, schema, orders=[])
    if always:
        plan = Arrangement(layout, schema, most_partitions=50, least_rows=0, orders=[])
    runs = [pa.concat_tables(run).to_pylist() for run in plan.runs([rows])]
    return runs, [int(place) for order in plan.orders or () for place in order]


def test_rows_are_split_by_partition_and_sorted_in_it() -> None:
    count = 4 * LEAST_ROWS_OF_PARTITION
    given = [{"p": None if n % 4 == 0 else n % 4, "s": n * 7919 % 100, "n": n} for n in range(count)]
    layout = Layout((PartitionField(1, "identity"),), (SortColumn("s", descending=True),))
    runs, order = arranged(pa.Table.from_pylist(given), layout)
    key = lambda row: -row["s"]  # noqa: E731 - Python's sort is stable, too
    expected = {p: sorted((row for row in given if row["p"] == p), key=key) for p in (1, 2, 3, None)}
    assert {run[0]["p"]: run for run in runs} == expected
    assert [given[place] for place in order] == [row for run in runs for row in run]


def test_partitions_of_few_rows_are_sorted_and_share_a_file_unless_they_must_not() -> None:
    rows = pa.table({"p": [n % 50 for n in range(2 * LEAST_ROWS)]})
    layout = Layout((PartitionField(1, "identity"),))
    (together,), _ = arranged(rows, layout)
    assert [row["p"] for row in together] == sorted(n % 50 for n in range(2 * LEAST_ROWS))
    split, _ = arranged(rows, layout, always=True)
    assert sorted(run[0]["p"] for run in split) == list(range(50))
    assert all(len({row["p"] for row in run}) == 1 for run in split)
    few, order = arranged(rows.slice(0, 100), layout)
    assert len(few) == 1
    assert order == list(range(100))
