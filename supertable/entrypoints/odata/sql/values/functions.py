"""The canonical functions of strings, dates, times and numbers. A null argument gives null."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
from pyarrow import compute as pc

from supertable.domain.errors import InvalidInput
from supertable.domain.schema.types import UNITS
from supertable.entrypoints.odata.model.entity_types import Primitive
from supertable.entrypoints.odata.sql.values.bindings import Bindings
from supertable.entrypoints.odata.sql.values.comparisons import in_microseconds, in_utc
from supertable.entrypoints.odata.sql.values.typed import (
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOATS,
    INT32,
    MOMENT,
    STRING,
    TIME,
    Typed,
    decimal,
)

_WHITE = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_MOST_PATTERN = 1_000
Function = Callable[[Bindings, Sequence[Typed]], Typed]


def _of_texts(template: str, kind: Primitive) -> Function:
    def function(bindings: Bindings, arguments: Sequence[Typed]) -> Typed:
        return Typed(template.format(*(bindings.sql(each) for each in arguments)), kind)

    return function


def _trim(bindings: Bindings, arguments: Sequence[Typed]) -> Typed:
    return Typed(f"trim({bindings.sql(arguments[0])}, {bindings.add(_WHITE)})", STRING)


def _substring(bindings: Bindings, arguments: Sequence[Typed]) -> Typed:
    """From a position that begins at 0; a negative one is relative to the end."""
    text, start = bindings.sql(arguments[0]), f"CAST({bindings.sql(arguments[1])} AS BIGINT)"
    first = (
        f"(CASE WHEN {start} < 0 THEN greatest(length({text}) + {start}, 0) ELSE least({start}, length({text})) END)"
    )
    rest = f"length({text})"
    if len(arguments) == 3:
        wanted = f"CAST({bindings.sql(arguments[2])} AS BIGINT)"
        rest = f"(CASE WHEN {wanted} < 0 THEN 0 ELSE least({wanted}, length({text})) END)"
    return Typed(f"substring({text}, {first} + 1, {rest})", STRING)


def _matches(bindings: Bindings, arguments: Sequence[Typed]) -> Typed:
    pattern = arguments[1].literal
    if pattern is None or len(str(pattern.value)) > _MOST_PATTERN:
        raise InvalidInput(
            f"matchesPattern takes a pattern of at most {_MOST_PATTERN:,} characters, written as a text."
        )
    try:
        pc.match_substring_regex(pa.array([""]), str(pattern.value))
    except pa.ArrowInvalid as error:
        raise InvalidInput(f"matchesPattern: {str(pattern.value)[:80]!r} is no pattern. {error}") from None
    return Typed(f"regexp_matches({bindings.sql(arguments[0])}, {bindings.sql(arguments[1])})", BOOLEAN)


def _part(name: str) -> Function:
    def function(bindings: Bindings, arguments: Sequence[Typed]) -> Typed:
        sql = bindings.sql(arguments[0])
        return Typed(f"CAST({name}({in_microseconds(arguments[0], sql)}) AS INTEGER)", INT32)

    return function


def _fraction(bindings: Bindings, arguments: Sequence[Typed]) -> Typed:
    value = arguments[0]
    sql = in_utc(value, bindings.sql(value))
    in_ns = value.stored is not None and UNITS.get(value.stored.unit) == 9 and not value.zoned
    name, digits = ("nanosecond", 9) if in_ns else ("microsecond", 6)
    whole = f"CAST({name}({sql}) % 1{'0' * digits} AS DECIMAL({digits}, 0))"
    step = f"CAST('0.{'0' * (digits - 1)}1' AS DECIMAL({digits}, {digits}))"
    return Typed(f"({whole} * {step})", decimal(2 * digits, digits))


def _cast_of_moment(sql_type: str, kind: Primitive) -> Function:
    def function(bindings: Bindings, arguments: Sequence[Typed]) -> Typed:
        sql = in_microseconds(arguments[0], bindings.sql(arguments[0]))
        return Typed(f"CAST({sql} AS {sql_type})", kind)

    return function


def _offset(bindings: Bindings, arguments: Sequence[Typed]) -> Typed:
    """All moments are in UTC."""
    return Typed(f"(CASE WHEN {bindings.sql(arguments[0])} IS NULL THEN NULL ELSE 0 END)", INT32)


def _total_seconds(bindings: Bindings, arguments: Sequence[Typed]) -> Typed:
    sql = f"CAST({bindings.sql(arguments[0])} AS DECIMAL(19, 0))"
    return Typed(f"({sql} * CAST('0.000001' AS DECIMAL(6, 6)))", decimal(25, 6))


def _now(_: Bindings, __: Sequence[Typed]) -> Typed:
    return Typed("now()", MOMENT, zoned=True)


def _moment(text: str) -> Function:
    def function(bindings: Bindings, _: Sequence[Typed]) -> Typed:
        return Typed(bindings.add(text, "TIMESTAMP"), MOMENT)

    return function


def _rounding(name: str) -> Function:
    """Halves are rounded away from zero. Whole numbers stay as they are."""

    def function(bindings: Bindings, arguments: Sequence[Typed]) -> Typed:
        value = arguments[0]
        if value.name in FLOATS:
            return Typed(f"{name}({bindings.float(value, 'DOUBLE')})", DOUBLE, fails=value.fails)
        sql = bindings.sql(value)
        if value.name != "Edm.Decimal":
            return Typed(sql, value.type, fails=value.fails)
        if not value.scale:
            return Typed(sql, decimal(value.digits, 0), fails=value.fails)
        digits = min(value.digits - value.scale + 1, 38 - value.scale)
        wide = f"CAST({sql} AS DECIMAL({digits + value.scale}, {value.scale}))"
        return Typed(f"{name}({wide})", decimal(digits + value.scale, 0), fails=value.fails)

    return function


FUNCTIONS: dict[str, Function] = {
    "contains": _of_texts("contains({0}, {1})", BOOLEAN),
    "startswith": _of_texts("starts_with({0}, {1})", BOOLEAN),
    "endswith": _of_texts("ends_with({0}, {1})", BOOLEAN),
    "length": _of_texts("CAST(length({0}) AS INTEGER)", INT32),
    "indexof": _of_texts("CAST(strpos({0}, {1}) - 1 AS INTEGER)", INT32),
    "tolower": _of_texts("lower({0})", STRING),
    "toupper": _of_texts("upper({0})", STRING),
    "concat": _of_texts("({0} || {1})", STRING),
    "trim": _trim,
    "substring": _substring,
    "matchespattern": _matches,
    **{name: _part(name) for name in ("year", "month", "day", "hour", "minute")},
    "second": _part("second"),
    "fractionalseconds": _fraction,
    "date": _cast_of_moment("DATE", DATE),
    "time": _cast_of_moment("TIME", TIME),
    "totaloffsetminutes": _offset,
    "totalseconds": _total_seconds,
    "now": _now,
    "mindatetime": _moment("0001-01-01T00:00:00"),
    "maxdatetime": _moment("9999-12-31T23:59:59.999999"),
    "round": _rounding("round"),
    "floor": _rounding("floor"),
    "ceiling": _rounding("ceil"),
}

_TEXT, _WHOLE = frozenset({"Edm.String"}), frozenset({"Edm.Int64", "Edm.Int32", "Edm.Int16", "Edm.Byte", "Edm.SByte"})
_MOMENTS = frozenset({"Edm.DateTimeOffset"})
_DAYS, _CLOCKS = _MOMENTS | {"Edm.Date"}, _MOMENTS | {"Edm.TimeOfDay"}
_NUMBERS = _WHOLE | FLOATS | {"Edm.Decimal"}
TAKEN: dict[str, tuple[frozenset[str], ...]] = {
    **dict.fromkeys(("contains", "startswith", "endswith", "indexof", "concat", "matchespattern"), (_TEXT, _TEXT)),
    **dict.fromkeys(("length", "tolower", "toupper", "trim"), (_TEXT,)),
    "substring": (_TEXT, _WHOLE, _WHOLE),
    **dict.fromkeys(("year", "month", "day"), (_DAYS,)),
    **dict.fromkeys(("hour", "minute", "second", "fractionalseconds"), (_CLOCKS,)),
    **dict.fromkeys(("date", "time", "totaloffsetminutes"), (_MOMENTS,)),
    "totalseconds": (frozenset({"Edm.Duration"}),),
    **dict.fromkeys(("now", "mindatetime", "maxdatetime"), ()),
    **dict.fromkeys(("round", "floor", "ceiling"), (_NUMBERS,)),
}
"""The types that each argument may have."""
