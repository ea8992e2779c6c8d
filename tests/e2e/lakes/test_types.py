"""Values of every supported type survive a round trip. Other types are refused with the column's name."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import InvalidSchema
from supertable.entrypoints.sdk.lakes.lake import Lake

BERLIN = dt.timezone(dt.timedelta(hours=1))
NESTED = pa.struct([("a", pa.list_(pa.struct([("b", pa.map_(pa.string(), pa.int32()))]))), ("c", pa.bool_())])

SUPPORTED: list[tuple[pa.DataType, list[Any]]] = [
    (pa.bool_(), [True, False]),
    (pa.int8(), [-128, 127]),
    (pa.int16(), [-(2**15), 2**15 - 1]),
    (pa.int32(), [-(2**31), 2**31 - 1]),
    (pa.int64(), [-(2**63), 2**63 - 1]),
    (pa.uint8(), [0, 255]),
    (pa.uint16(), [0, 2**16 - 1]),
    (pa.uint32(), [0, 2**32 - 1]),
    (pa.uint64(), [0, 2**64 - 1]),
    (pa.float16(), [0.5, -2.0]),
    (pa.float32(), [0.5, math.inf, -math.inf]),
    (pa.float64(), [0.1, math.inf, -math.inf, 5e-324]),
    (pa.decimal128(9, 2), [Decimal("1.23"), Decimal("-9999999.99")]),
    (pa.decimal128(18, 0), [Decimal(10**17), Decimal(-1)]),
    (pa.decimal128(38, 10), [Decimal("1234567890123456789012345678.0123456789"), Decimal("-0.0000000001")]),
    (pa.string(), ["", "ü", "\U0001f600", "a\x00b", "x" * 100_000]),
    (pa.large_string(), ["a"]),
    (pa.string_view(), ["a"]),
    (pa.binary(), [b"", b"\x00\xff"]),
    (pa.large_binary(), [b"a"]),
    (pa.binary(2), [b"ab"]),
    (pa.date32(), [dt.date(1, 1, 1), dt.date(9999, 12, 31)]),
    (pa.date64(), [dt.date(2024, 2, 29)]),
    (pa.time32("s"), [dt.time(23, 59, 59)]),
    (pa.time32("ms"), [dt.time(0, 0, 0, 1000)]),
    (pa.time64("us"), [dt.time(23, 59, 59, 999_999)]),
    (pa.timestamp("s"), [dt.datetime(1900, 1, 1)]),
    (pa.timestamp("ms"), [dt.datetime(2024, 1, 1, 0, 0, 0, 1000)]),
    (pa.timestamp("us"), [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)]),
    (pa.timestamp("us", "UTC"), [dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]),
    (pa.timestamp("ms", "Europe/Berlin"), [dt.datetime(2024, 1, 1, tzinfo=BERLIN)]),
    (pa.list_(pa.int32()), [[], [1, None, 3]]),
    (pa.large_list(pa.string()), [["a", None]]),
    (pa.list_(pa.int32(), 2), [[1, 2]]),
    (pa.list_(pa.list_(pa.float64())), [[[1.5], [], None]]),
    (pa.struct([("x", pa.int64()), ("y", pa.string())]), [{"x": 1, "y": None}, {"x": None, "y": "z"}]),
    (pa.map_(pa.string(), pa.int64()), [[], [("a", 1), ("b", None)]]),
    (NESTED, [{"a": [{"b": [("k", 1)]}, None], "c": None}, {"a": None, "c": True}]),
    (pa.dictionary(pa.int8(), pa.string()), ["a", "b", "a"]),
    (pa.run_end_encoded(pa.int32(), pa.int64()), [1, 1, 2]),
]

UNSUPPORTED = [
    pa.null(),
    pa.duration("s"),
    pa.month_day_nano_interval(),
    pa.decimal256(76, 2),
    pa.struct([]),
    pa.list_(pa.null()),
    pa.list_view(pa.int32()),
    pa.struct([("a", pa.int8()), ("A", pa.int8())]),
    pa.dense_union([pa.field("a", pa.int8())]),
]


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    with supertable.connect(home=home) as lake:
        yield lake


@pytest.mark.parametrize(
    ("kind", "values"), SUPPORTED, ids=lambda given: str(given)[:40] if isinstance(given, pa.DataType) else ""
)
def test_values_and_nulls_survive(lake: Lake, kind: pa.DataType, values: list[Any]) -> None:
    given = pa.array([*values, None], kind) if not pa.types.is_run_end_encoded(kind) else pa.array(values, kind)
    schema = pa.schema([("n", pa.int32()), ("v", kind)])
    lake.create_table("t", schema)
    lake.write("t", pa.table([list(range(len(given))), given], schema=schema))
    lake.write("t", pa.table([[], pa.array([], kind)], schema=schema))
    found = lake.sql("SELECT v FROM t ORDER BY n").arrow().column("v")
    assert found.to_pylist() == given.to_pylist()


def test_nan_survives(lake: Lake) -> None:
    lake.create_table("t", pa.schema([("v", pa.float64())]))
    lake.write("t", pa.table({"v": [math.nan, 1.0, 0.0, None]}))
    found = lake.sql("SELECT v FROM t WHERE v > 5 OR v IS NULL OR v = 0 ORDER BY v").arrow().column("v").to_pylist()
    assert [str(value) for value in found] == ["0.0", "nan", "None"]


@pytest.mark.parametrize("unit", ["ns"])
def test_nanoseconds_without_a_time_zone_survive(lake: Lake, unit: str) -> None:
    given = pa.array([1_700_000_000_123_456_789, None], pa.timestamp(unit))
    lake.create_table("t", pa.schema([("v", given.type)]))
    lake.write("t", pa.table({"v": given}))
    assert lake.sql("SELECT v FROM t").arrow().column("v").combine_chunks().cast(pa.int64()).to_pylist() == [
        1_700_000_000_123_456_789,
        None,
    ]


@pytest.mark.parametrize("kind", [pa.timestamp("ns", "UTC"), pa.time64("ns")], ids=str)
def test_values_whose_nanoseconds_queries_would_lose_are_refused(lake: Lake, kind: pa.DataType) -> None:
    lake.create_table("t", pa.schema([("v", kind)]))
    lake.write("t", pa.table({"v": pa.array([1_000], kind)}))
    with pytest.raises(InvalidSchema, match="Column 'v'"):
        lake.write("t", pa.table({"v": pa.array([1_001], kind)}))


@pytest.mark.parametrize("kind", UNSUPPORTED, ids=str)
def test_an_unsupported_type_is_refused_with_its_column(lake: Lake, kind: pa.DataType) -> None:
    with pytest.raises(InvalidSchema, match="bad"):
        lake.create_table("t", pa.schema([("good", pa.int8()), ("bad", kind)]))
    assert lake.tables() == []


def test_a_value_that_does_not_fit_names_its_column(lake: Lake) -> None:
    lake.create_table("t", pa.schema([("v", pa.uint64())]))
    with pytest.raises(supertable.SupertableError, match="'v'"):
        lake.write("t", pa.table({"v": pa.array([-1], pa.int8())}))


@pytest.mark.usefixtures("as_files")
def test_files_carry_field_ids(lake: Lake, home: Path) -> None:
    import pyarrow.parquet as pq

    lake.create_table("t", pa.schema([("a", pa.struct([("b", pa.int8())])), ("c", pa.int8())]))
    lake.write("t", pa.table({"a": [{"b": 1}], "c": [1]}, schema=lake.table("t").schema))
    (file,) = home.rglob("*.parquet")
    schema = pq.read_schema(file)
    ids = [schema.field("a"), schema.field("a").type.field(0), schema.field("c")]
    assert [field.metadata[b"PARQUET:field_id"] for field in ids] == [b"1", b"2", b"3"]


COARSE: list[tuple[pa.DataType, int, pa.DataType]] = [
    (pa.timestamp("ms"), 1_700_000_000_123, pa.timestamp("us")),
    (pa.timestamp("ms"), 1_700_000_000_123, pa.timestamp("ns")),
    (pa.timestamp("us"), 1_700_000_000_123_456, pa.timestamp("ns")),
    (pa.timestamp("ms", "UTC"), 1_700_000_000_123, pa.timestamp("us", "UTC")),
    (pa.time32("ms"), 86_399_999, pa.time64("us")),
]


@pytest.mark.parametrize(("kind", "value", "finer"), COARSE, ids=str)
def test_finer_units_fit_where_the_value_is_exact(lake: Lake, kind: Any, value: int, finer: Any) -> None:
    stored = pa.array([value], pa.int32() if kind.bit_width == 32 else pa.int64()).view(kind)
    lake.create_table_from("t", pa.table({"v": stored, "l": pa.ListArray.from_arrays([0, 1], stored)}))
    exact = stored.cast(finer)
    lake.write("t", pa.table({"v": exact, "l": pa.ListArray.from_arrays([0, 1], exact)}))
    lake.write("t", lake.sql("FROM t").arrow())
    found = lake.sql("SELECT v, l[1] AS l FROM t").arrow()
    for column in found.columns:
        assert column.cast(kind).cast(pa.int32() if kind.bit_width == 32 else pa.int64()).to_pylist() == [value] * 4
    assert lake.table("t").schema.types == [kind, pa.list_(pa.field("element", kind))]
    lossy = pa.array([1], pa.int64()).view(finer)
    for data in (pa.table({"v": lossy}), pa.table({"l": pa.ListArray.from_arrays([0, 1], lossy)})):
        with pytest.raises(InvalidSchema, match="row 1: the value does not fit .* exactly"):
            lake.write("t", data)
