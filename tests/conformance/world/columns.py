"""A column of each type, in four tables. Their values are told by their ranks.

A column has a few values in ascending order, and its row `id` has the value of a rank that follows from `id` alone. So
a model of an answer compares ranks: it never compares, or computes with, the values themselves.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

IDS = 16
RANKS = (0, 3, None, 1, 4, 2, 0, None, 4, 1, 3, 2, 2, 0, 4, 3)


@dataclass(frozen=True)
class Column:
    """`values`: in ascending order, as Python. `literal`: how SQL writes one. `answered`: the type in answers."""

    name: str
    type: pa.DataType
    values: tuple[Any, ...]
    literal: Callable[[Any], str]
    answered: pa.DataType
    turn: int = 0

    def rank(self, id: int) -> int | None:
        rank = RANKS[(id + self.turn) % IDS]
        return None if rank is None else rank % len(self.values)

    def value(self, id: int) -> Any:
        rank = self.rank(id)
        return None if rank is None else self.values[rank]

    @property
    def nested(self) -> bool:
        return pa.types.is_nested(self.type)


def _typed(name: str) -> Callable[[Any], str]:
    return lambda value: f"{name} '{value}'"


def _cast(name: str) -> Callable[[Any], str]:
    return lambda value: f"'{value}'::{name}"


def _binary(value: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::blob"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _struct(value: dict[str, Any]) -> str:
    return "{" + ", ".join(f"'{name}': {_nested(item)}" for name, item in value.items()) + "}"


def _map(value: list[tuple[str, int]]) -> str:
    return "map {" + ", ".join(f"'{key}': {_nested(item)}" for key, item in value) + "}"


def _nested(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{', '.join(map(_nested, value))}]"
    if isinstance(value, dict):
        return _struct(value)
    return _text(value) if isinstance(value, str) else str(value)


def _utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]


def _integers(bits: int, signed: bool) -> tuple[int, ...]:
    if signed:
        return (-(2 ** (bits - 1)), -1, 0, 7, 2 ** (bits - 1) - 1)
    return (0, 1, 7, 2 ** (bits - 1), 2**bits - 1)


def _decimals(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


_PAIR = pa.struct([("x", pa.int32()), ("y", pa.string())])
_US, _TIME, _UTC_US = pa.timestamp("us"), pa.time64("us"), pa.timestamp("us", "UTC")
_TIMES = (dt.time(0), dt.time(0, 0, 1), dt.time(12), dt.time(23, 59), dt.time(23, 59, 59))
_MOMENTS = (dt.datetime(1, 1, 1), dt.datetime(1969, 12, 31, 23), dt.datetime(1970, 1, 1), dt.datetime(2024, 2, 29, 12))
_INSTANTS = (_utc(1900, 1, 1), _utc(1970, 1, 1), _utc(2024, 3, 31, 0, 59), _utc(2024, 3, 31, 1), _utc(2024, 10, 27, 1))
_DAYS = (dt.date(1, 1, 1), dt.date(1969, 12, 31), dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(9999, 12, 31))
_HALVES = (-math.inf, -2.5, 0.0, 0.5, math.nan)
_FLOATS = (-math.inf, -1.5, 5e-324, 0.1, math.nan)
_SINGLES = (-(2.0**127), 0.0, 0.5, 16_777_216.0, math.inf)


def _column(name: str, type_: pa.DataType, values: tuple[Any, ...], literal: Any, answered: Any = None) -> Column:
    return Column(name, type_, values, literal, answered or type_)


_GIVEN = [
    _column("flag", pa.bool_(), (False, True), lambda value: str(value).lower()),
    _column("i8", pa.int8(), _integers(8, True), str),
    _column("i16", pa.int16(), _integers(16, True), str),
    _column("i32", pa.int32(), _integers(32, True), str),
    _column("i64", pa.int64(), _integers(64, True), str),
    _column("u8", pa.uint8(), _integers(8, False), str),
    _column("u16", pa.uint16(), _integers(16, False), str),
    _column("u32", pa.uint32(), _integers(32, False), str),
    _column("u64", pa.uint64(), _integers(64, False), str),
    _column("f16", pa.float16(), _HALVES, _cast("float"), pa.float32()),
    _column("f32", pa.float32(), _SINGLES, _cast("float")),
    _column("f64", pa.float64(), _FLOATS, _cast("double")),
    _column("dec4", pa.decimal128(4, 1), _decimals("-999.9", "-0.1", "0.0", "0.1", "999.9"), str),
    _column("dec9", pa.decimal128(9, 2), _decimals("-9999999.99", "-1.00", "0.00", "1.23", "9999999.99"), str),
    _column("dec18", pa.decimal128(18, 4), _decimals("-1.0000", "0.0001", "1.0000", "1.0001", "9" * 14 + ".9999"), str),
    _column("dec38", pa.decimal128(38, 10), _decimals("-" + "9" * 28 + ".0000000001", "-0.0000000001", "0E-10",
                                                      "0.0000000001", "9" * 28 + ".9999999999"),
            lambda value: f"'{value:f}'::decimal(38, 10)"),
    _column("text", pa.string(), ("", "A", "a", "it's", "ü"), _text),
    _column("bin", pa.binary(), (b"", b"\x00", b"\x00\xff", b"a", b"\xff"), _binary),
    _column("day", pa.date32(), _DAYS, _typed("date")),
    _column("t_s", pa.time32("s"), _TIMES, _typed("time"), _TIME),
    _column("t_us", pa.time64("us"), (*_TIMES[:4], dt.time(23, 59, 59, 999_999)), _typed("time")),
    _column("ts_s", pa.timestamp("s"), (*_MOMENTS, dt.datetime(9999, 12, 31)), _typed("timestamp"), _US),
    _column("ts_ms", pa.timestamp("ms"), (*_MOMENTS, dt.datetime(2024, 2, 29, 12, 0, 0, 1000)), _typed("timestamp"),
            _US),
    _column("ts_us", pa.timestamp("us"), (*_MOMENTS, dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)),
            _typed("timestamp")),
    _column("ts_ns", pa.timestamp("ns"), (-9_223_372_036_854_775_806, -1, 0, 1, 1_709_208_000_000_000_001),
            lambda value: f"make_timestamp_ns({value})"),
    _column("tz_us", pa.timestamp("us", "UTC"), _INSTANTS, _typed("timestamptz")),
    _column("tz_ms", pa.timestamp("ms", "Europe/Berlin"), _INSTANTS, _typed("timestamptz"), _UTC_US),
    _column("ints", pa.list_(pa.int32()), ([], [1], [1, 2], [1, None], [2]), lambda value: f"{_nested(value)}::int[]"),
    _column("words", pa.list_(pa.string()), ([], ["", "b"], ["a"], ["a", "b"], ["b"]),
            lambda value: f"{_nested(value)}::varchar[]"),
    _column("deep", pa.list_(pa.list_(pa.int64())), ([], [[]], [[1]], [[1], [2]], [[2], None]),
            lambda value: f"{_nested(value)}::bigint[][]"),
    _column("pair", _PAIR, ({"x": 1, "y": "a"}, {"x": 1, "y": "b"}, {"x": 1, "y": None}, {"x": 2, "y": ""},
                            {"x": None, "y": "z"}),
            lambda value: f"{_struct(value)}::struct(x int, y varchar)"),
    _column("pairs", pa.list_(_PAIR), ([], [{"x": 1, "y": "a"}], [{"x": 1, "y": "b"}, None], [{"x": 2, "y": None}],
                                       [{"x": None, "y": None}]),
            lambda value: f"{_nested(value)}::struct(x int, y varchar)[]"),
    _column("entries", pa.map_(pa.string(), pa.int64()), ([], [("a", 1)], [("a", 1), ("b", None)], [("b", 0)],
                                                          [("c", 2**63 - 1)]), _map),
]  # fmt: skip

COLUMNS = [Column(c.name, c.type, c.values, c.literal, c.answered, turn) for turn, c in enumerate(_GIVEN)]
_FIRST = {"integers": "flag", "fractions": "f16", "scalars": "text", "nests": "ints"}
"""By table: its first column. Readers of a file read about all of its columns first: narrow tables are quick."""
_STARTS = [[c.name for c in COLUMNS].index(name) for name in _FIRST.values()]
TABLES = {
    name: COLUMNS[first:end] for name, first, end in zip(_FIRST, _STARTS, [*_STARTS[1:], len(COLUMNS)], strict=True)
}


def typed_rows(columns: list[Column]) -> pa.Table:
    rows = [{"id": id, **{column.name: column.value(id) for column in columns}} for id in range(IDS)]
    return pa.Table.from_pylist(rows, pa.schema([("id", pa.int32()), *((c.name, c.type) for c in columns)]))


def answered_schema(columns: list[Column]) -> pa.Schema:
    return pa.schema([("id", pa.int32()), *((column.name, column.answered) for column in columns)])
