"""Typed values that become values of a column of another type, with the literal outcome: the values, or the error."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

NAN, INF = math.nan, math.inf
INT = pa.int64()
MONEY = pa.decimal128(10, 2)
UTC = pa.timestamp("us", "UTC")
MIDNIGHT, FIVE = dt.datetime(2024, 1, 31), dt.datetime(2024, 1, 31, 5)
DAY = dt.date(2024, 1, 31)
EVENING = dt.datetime(2024, 1, 30, 23, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Cast:
    """`kind`: of the column. `csv`: the same values as text, null where it is empty; None: CSV has no such values.

    `outcome`: the values, or a part of the error.
    """

    kind: pa.DataType
    given: Any
    outcome: list[Any] | str
    csv: list[str] | None = None


def array(values: list[Any], kind: pa.DataType) -> Any:
    return pa.array(values, kind, from_pandas=False)


def coded(values: list[Any], kind: pa.DataType, index: pa.DataType) -> Any:
    """Dictionary-encoded."""
    return pa.DictionaryArray.from_arrays(pa.array(range(len(values)), index), pa.array(values, kind))


F64, F32, F16 = pa.float64(), pa.float32(), pa.float16()
SECONDS, MS, US, NS = (pa.timestamp(unit) for unit in ("s", "ms", "us", "ns"))
POINT = pa.struct([("x", pa.int32()), ("y", MONEY)])
LOOSE_POINT = pa.struct([("y", F64), ("x", F64)])
TAGS = pa.map_(pa.string(), pa.int32())

FIT: dict[str, Cast] = {
    "int64 to int32": Cast(pa.int32(), array([-(2**31), 2**31 - 1], INT), [-(2**31), 2**31 - 1]),
    "int64 to uint8": Cast(pa.uint8(), array([0, 255], INT), [0, 255], ["0", "255"]),
    "uint64 to int64": Cast(INT, array([2**63 - 1], pa.uint64()), [2**63 - 1], ["9223372036854775807"]),
    "int64 to float64": Cast(F64, array([2**53, 2**60, -3], INT), [2.0**53, 2.0**60, -3.0]),
    "int32 to float32": Cast(F32, array([2**24, 2**30], pa.int32()), [2.0**24, 2.0**30], ["16777216", "1073741824"]),
    "int16 to float16": Cast(F16, array([2048, -4], pa.int16()), [2048.0, -4.0]),
    "uint64 to float64": Cast(F64, array([2**63, 2**64 - 2048], pa.uint64()), [2.0**63, 2.0**64 - 2048]),
    "int64 to decimal": Cast(MONEY, array([5, -99_999_999], INT), [Decimal("5.00"), Decimal("-99999999.00")]),
    "uint64 to decimal": Cast(pa.decimal128(20, 0), array([2**64 - 1], pa.uint64()), [Decimal(2**64 - 1)]),
    "float64 to int64": Cast(INT, array([1.0, -0.0, 2.0**62], F64), [1, 0, 2**62], ["1.0", "0", str(2**62)]),
    "float64 to int8": Cast(pa.int8(), array([127.0, -128.0], F64), [127, -128], ["127.0", "-128"]),
    "float64 to uint64": Cast(pa.uint64(), array([1e19], F64), [10**19]),
    "float32 to int32": Cast(pa.int32(), array([3.0], F32), [3]),
    "float16 to int16": Cast(pa.int16(), array([2048.0, 3.0], F16), [2048, 3]),
    "NaN to int64": Cast(INT, array([1.0, NAN, None], F64), [1, None, None]),
    "NaN to decimal": Cast(MONEY, array([1.5, NAN], F64), [Decimal("1.50"), None]),
    "NaN to float32": Cast(F32, array([NAN, INF, -INF], F64), [NAN, INF, -INF], ["nan", "inf", "-inf"]),
    "float64 to float32": Cast(F32, array([0.5, 2.0**-149, -0.0], F64), [0.5, 2.0**-149, -0.0]),
    "float64 to float16": Cast(F16, array([0.5, 65504.0], F64), [0.5, 65504.0]),
    "float16 to float64": Cast(F64, array([0.5], F16), [0.5]),
    "float64 to decimal": Cast(
        MONEY, array([9.99, 0.1, -1e7], F64), [Decimal("9.99"), Decimal("0.10"), Decimal("-1e7")]
    ),
    "float32 to decimal": Cast(MONEY, array([9.99, 0.1], F32), [Decimal("9.99"), Decimal("0.10")], ["9.99", "0.1"]),
    "tiny float to decimal": Cast(
        pa.decimal128(38, 12), array([1.5e-7, 1e-12], F64), [Decimal("1.5e-7"), Decimal("1e-12")]
    ),
    "large float to decimal": Cast(
        pa.decimal128(38, 0), array([2.0**60, 1e22], F64), [Decimal(2**60), Decimal(10**22)]
    ),
    "decimal to int64": Cast(INT, array([Decimal("7.00"), Decimal(-1)], MONEY), [7, -1], ["7.00", "-1"]),
    "decimal to uint8": Cast(pa.uint8(), array([Decimal("255.00")], MONEY), [255], ["255.00"]),
    "decimal to float64": Cast(F64, array([Decimal("9.99"), Decimal("0.10")], MONEY), [9.99, 0.1], ["9.99", "0.10"]),
    "decimal to float32": Cast(F32, array([Decimal("0.50")], MONEY), [0.5], ["0.50"]),
    "large decimal to float64": Cast(F64, array([Decimal(2**70)], pa.decimal128(38, 0)), [2.0**70], [str(2**70)]),
    "wide decimal to decimal": Cast(
        MONEY, array([Decimal("1.500000")], pa.decimal128(20, 6)), [Decimal("1.50")], ["1.500000"]
    ),
    "decimal64 to decimal": Cast(MONEY, array([Decimal("1.5")], pa.decimal64(12, 1)), [Decimal("1.50")], ["1.5"]),
    "midnight to date": Cast(pa.date32(), array([MIDNIGHT], US), [DAY], ["2024-01-31 00:00:00"]),
    "midnight in ns to date": Cast(pa.date32(), array([MIDNIGHT], NS), [DAY]),
    "midnight before 1970 to date": Cast(pa.date32(), array([dt.datetime(1, 1, 1)], SECONDS), [dt.date(1, 1, 1)]),
    "date to timestamp": Cast(US, array([DAY], pa.date32()), [MIDNIGHT], ["2024-01-31"]),
    "date64 to date": Cast(pa.date32(), array([DAY], pa.date64()), [DAY]),
    "ns to ms": Cast(MS, array([FIVE], NS), [FIVE], ["2024-01-31 05:00:00.000000"]),
    "us to ns": Cast(NS, array([FIVE], US), [FIVE]),
    "ns with a zone to us": Cast(UTC, array([EVENING], pa.timestamp("ns", "UTC")), [EVENING]),
    "another zone to UTC": Cast(
        UTC, array([EVENING], pa.timestamp("s", "Europe/Berlin")), [EVENING], ["2024-01-31T00:00+01:00"]
    ),
    "an offset to UTC": Cast(
        UTC, array([EVENING], pa.timestamp("ms", "-08:00")), [EVENING], ["2024-01-30T15:00-08:00"]
    ),
    "UTC to another zone": Cast(
        pa.timestamp("us", "Asia/Tokyo"), array([EVENING], UTC), [EVENING], ["2024-01-30T23:00Z"]
    ),
    "time in s to ms": Cast(pa.time32("ms"), array([dt.time(5)], pa.time32("s")), [dt.time(5)], ["05:00:00"]),
    "time in ns to us": Cast(pa.time64("us"), array([dt.time(5)], pa.time64("ns")), [dt.time(5)]),
    "nulls to int64": Cast(INT, pa.nulls(2), [None, None], ["", ""]),
    "nulls to text": Cast(pa.string(), pa.nulls(2), [None, None]),
    "nulls to a list": Cast(pa.list_(INT), pa.nulls(2), [None, None]),
    "nulls to a struct": Cast(POINT, pa.nulls(1), [None]),
    "nulls to a map": Cast(TAGS, pa.nulls(1), [None]),
    "a dictionary of int8": Cast(pa.string(), coded(["a", "b"], pa.string(), pa.int8()), ["a", "b"], ["a", "b"]),
    "a dictionary of uint32": Cast(pa.string(), coded(["a", "b"], pa.large_string(), pa.uint32()), ["a", "b"]),
    "a dictionary of floats": Cast(INT, coded([1.0, NAN], F64, pa.int16()), [1, None]),
    "run-end encoded": Cast(
        MONEY,
        pa.RunEndEncodedArray.from_arrays([2, 3], [1.5, 2.25]),
        [Decimal("1.50"), Decimal("1.50"), Decimal("2.25")],
    ),
    "large text": Cast(pa.string(), array(["a"], pa.large_string()), ["a"]),
    "a view of text": Cast(pa.string(), array(["a", None], pa.string_view()), ["a", None]),
    "large bytes": Cast(pa.binary(), array([b"a"], pa.large_binary()), [b"a"], ["YQ=="]),
    "fixed bytes": Cast(pa.binary(), array([b"ab"], pa.binary(2)), [b"ab"], ["YWI="]),
    "a list of floats": Cast(pa.list_(INT), array([[1.0, NAN], [], None], pa.list_(F64)), [[1, None], [], None]),
    "a large list": Cast(pa.list_(MONEY), array([[0.1], None], pa.large_list(F64)), [[Decimal("0.10")], None]),
    "a list of fixed size": Cast(pa.list_(INT), array([[1, 2], None], pa.list_(pa.int8(), 2)), [[1, 2], None]),
    "an empty list of nulls": Cast(pa.list_(INT), array([[], [None]], pa.list_(pa.null())), [[], [None]]),
    "a struct in another order": Cast(
        POINT, array([{"y": 0.1, "x": 1.0}, None], LOOSE_POINT), [{"x": 1, "y": Decimal("0.10")}, None]
    ),
    "a struct that lacks a member": Cast(POINT, array([{"x": 1}], pa.struct([("x", INT)])), [{"x": 1, "y": None}]),
    "a map of floats": Cast(TAGS, array([[("a", 1.0)], None], pa.map_(pa.string(), F64)), [[("a", 1)], None]),
    "structs in a list": Cast(
        pa.list_(POINT), array([[{"x": 2.0, "y": 1.5}]], pa.list_(LOOSE_POINT)), [[{"x": 2, "y": Decimal("1.50")}]]
    ),
}

REFUSED: dict[str, Cast] = {
    "int64 beyond int32": Cast(
        pa.int32(),
        array([1, 2**31], INT),
        "row 2: the value does not fit int32 exactly. The value is 2147483648. Correct it, or write with evolve to "
        "widen the column to int64",
        ["1", "2147483648"],
    ),
    "-1 in uint8": Cast(
        pa.uint8(), array([-1], INT), "row 1: the value does not fit uint8 exactly. The value is -1", ["-1"]
    ),
    "no such float64": Cast(
        F64,
        array([2**53, 2**53 + 1], INT),
        "row 2: the value does not fit float64 exactly. The value is 9007199254740993",
        ["1", "9007199254740993"],
    ),
    "no such float32": Cast(F32, array([2**24 + 1], pa.int32()), "The value is 16777217", ["16777217"]),
    "no such float16": Cast(F16, array([2049], INT), "The value is 2049"),
    "an integer too long for a decimal": Cast(MONEY, array([10**8], INT), "The value is 100000000", ["100000000"]),
    "a fraction in int64": Cast(
        INT,
        array([1.0, 1.5], F64),
        "row 2: the value does not fit int64 exactly. The value is 1.5. Round it first",
        ["1", "1.5"],
    ),
    "infinity in int64": Cast(INT, array([INF], F64), "The value is inf", ["inf"]),
    "2^63 in int64": Cast(INT, array([2.0**63], F64), "row 1: the value does not fit int64", ["9223372036854775808"]),
    "float64 that float32 rounds": Cast(
        F32, array([0.1], F64), "The value is 0.1. Correct it, or write with evolve to widen the column to float64"
    ),
    "float64 beyond float32": Cast(F32, array([1e300], F64), "The value is 1e+300", ["1e300"]),
    "a third decimal": Cast(
        MONEY,
        array([1.5, 1.239], F64),
        "row 2: the value does not fit decimal(10,2) exactly. The value is 1.239. Round it first",
        ["1.5", "1.239"],
    ),
    "a sum of floats": Cast(
        MONEY, array([0.1 + 0.2], F64), "The value is 0.30000000000000004", ["0.30000000000000004"]
    ),
    "infinity in a decimal": Cast(MONEY, array([-INF], F64), "The value is -inf", ["-inf"]),
    "a float too large for a decimal": Cast(
        MONEY, array([1e9], F64), "row 1: the value does not fit decimal(10,2)", ["1e9"]
    ),
    "a fraction of a decimal in int64": Cast(INT, array([Decimal("7.50")], MONEY), "The value is 7.50", ["7.50"]),
    "a decimal that no float gives back": Cast(
        F64, array([Decimal("0.12345678901234567890")], pa.decimal128(38, 20)), "The value is 0.12345678901234567890"
    ),
    "a decimal with finer digits": Cast(
        MONEY, array([Decimal("1.555")], pa.decimal128(10, 3)), "The value is 1.555", ["1.555"]
    ),
    "five o'clock in a date": Cast(
        pa.date32(),
        array([MIDNIGHT, FIVE], US),
        "row 2: the value does not fit date exactly. The value is 2024-01-31 05:00:00",
        ["2024-01-31", "2024-01-31 05:00:00"],
    ),
    "nanoseconds in us": Cast(
        US, array([1], NS), "The value is 1970-01-01 00:00:00.000000001", ["1970-01-01 00:00:00.000000001"]
    ),
    "nanoseconds with a zone": Cast(
        UTC,
        array([1001], pa.timestamp("ns", "UTC")),
        "Columns with a zone hold microseconds: round it, or write it without a zone",
        ["1970-01-01 00:00:00.000001001Z"],
    ),
    "a year beyond ns": Cast(
        NS, array([dt.datetime(9999, 1, 1)], US), "The value is 9999-01-01", ["9999-01-01 00:00:00"]
    ),
    "no zone in UTC": Cast(UTC, array([FIVE], US), "Say which zone its times are in: timezone="),
    "a date in UTC": Cast(UTC, array([DAY], pa.date32()), "Say which zone its times are in: timezone="),
    "UTC in a column without a zone": Cast(
        US, array([EVENING], UTC), "Convert its instants to local times first", ["2024-01-30T23:00Z"]
    ),
    "an instant in a date": Cast(
        pa.date32(), array([EVENING], UTC), "Convert its instants to local times first", ["2024-01-30T23:00Z"]
    ),
    "text in int64": Cast(
        INT,
        array(["1"], pa.string()),
        "the table has int64, the data has string. No type holds both; convert the data to int64 first",
    ),
    "text in a date": Cast(pa.date32(), array(["2024-01-31"], pa.string()), "convert the data to date first"),
    "text in a bool": Cast(pa.bool_(), coded(["true"], pa.string(), pa.int8()), "convert the data to bool first"),
    "int64 in text": Cast(pa.string(), array([1], INT), "the table has string, the data has int64"),
    "bool in int64": Cast(INT, array([True], pa.bool_()), "the table has int64, the data has bool", ["true"]),
    "int64 in bool": Cast(pa.bool_(), array([1], INT), "the table has bool, the data has int64"),
    "int64 in a timestamp": Cast(US, array([1], INT), "the table has timestamp(us), the data has int64", ["1"]),
    "bytes in text": Cast(pa.string(), array([b"a"], pa.binary()), "the table has string, the data has binary"),
    "a list in int64": Cast(INT, array([[1]], pa.list_(INT)), "the table has int64, the data has list<int64>"),
    "a number in a list": Cast(pa.list_(INT), array([1], INT), "the table has list<int64>, the data has int64"),
    "a fraction in a list": Cast(
        pa.list_(INT),
        array([[1.0], [2.0, 2.5]], pa.list_(F64)),
        "Column 'v.element': row 2: the value does not fit int64 exactly. The value is 2.5",
    ),
    "a fraction in a struct": Cast(
        POINT,
        array([{"x": 0.5}], LOOSE_POINT),
        "Column 'v.x': row 1: the value does not fit int32 exactly. The value is 0.5",
    ),
    "a fraction in a map": Cast(
        TAGS,
        array([[("a", 0.5)]], pa.map_(pa.string(), F64)),
        "Column 'v.value': row 1: the value does not fit int32 exactly. The value is 0.5",
    ),
    "text in a struct": Cast(
        POINT,
        array([{"x": "1"}], pa.struct([("x", pa.string())])),
        "Column 'v.x': the table has int32, the data has string",
    ),
}
