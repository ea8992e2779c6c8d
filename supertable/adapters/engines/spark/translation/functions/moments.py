"""Dates and timestamps: in UTC, and the proleptic Gregorian calendar on both sides. Times: microseconds of the day."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.adapters.engines.spark.translation.constants import text
from supertable.adapters.engines.spark.translation.functions.calls import Call, Rule, by_name, only_where
from supertable.adapters.engines.spark.translation.kinds import Kind

_DATE, _STAMP, _ZONED, _TIME = "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIME"
MOMENTS = frozenset({_DATE, _STAMP, _ZONED, _TIME, "TIMESTAMP_NS", "INTERVAL"})
_DATED = frozenset({_DATE, _STAMP, _ZONED})
_STAMPS = frozenset({_STAMP, _ZONED})
_DAYS = frozenset({"INTEGER"})
_OF_A_DATE = {
    "year": "year({0})",
    "month": "month({0})",
    "day": "day({0})",
    "dayofmonth": "day({0})",
    "quarter": "quarter({0})",
    "dayofyear": "dayofyear({0})",
    "dayofweek": "dayofweek({0}) - 1",
    "weekday": "dayofweek({0}) - 1",
    "isodow": "weekday({0}) + 1",
    "week": "weekofyear({0})",
    "weekofyear": "weekofyear({0})",
    "isoyear": "extract(YEAROFWEEK FROM {0})",
}
_OF_A_TIME = {"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000}
_CYCLES = {"hour": 24, "minute": 60, "second": 60}
_TRUNCATED = frozenset({"year", "quarter", "month", "week", "day", "hour", "minute", "second"})
_DAY_US = 86_400_000_000
_FORMATS = {"Y": "yyyy", "m": "MM", "d": "dd", "H": "HH", "M": "mm", "S": "ss", "B": "MMMM", "b": "MMM", "A": "EEEE",
            "a": "EEE", "y": "yy", "F": "yyyy-MM-dd", "T": "HH:mm:ss"}  # fmt: skip
_BETWEEN = frozenset(" -/:._,T")


def micros(value: str, kind: Kind) -> str:
    """Microseconds since 1970 of a date or timestamp."""
    return f"unix_micros(CAST({value} AS TIMESTAMP))" if kind.name != _ZONED else f"unix_micros({value})"


def of_micros(value: str, kind: Kind) -> str:
    """The inverse of `micros`."""
    return f"CAST(timestamp_micros({value}) AS {kind.spark})" if kind.name != _ZONED else f"timestamp_micros({value})"


def _part_of_a_date(template: str) -> Rule:
    def rule(call: Call) -> str:
        if len(call.kinds) != 1 or call.kinds[0].name not in _DATED:
            raise call.refusal
        return call.typed(template.format(call[0]))

    return rule


def _part_of_a_time(name: str) -> Rule:
    def rule(call: Call) -> str:
        kind = call.kinds[0]
        if len(call.kinds) != 1 or kind.name not in _STAMPS | {_TIME}:
            raise call.refusal
        value = call[0] if kind.name == _TIME else micros(call[0], kind)
        return call.typed(f"pmod({_floored(value, _OF_A_TIME[name])}, {_CYCLES[name]}L)")

    return rule


def _floored(value: str, divisor: int) -> str:
    """A whole number divided by one above zero, rounded down."""
    return f"(({value} - pmod({value}, {divisor}L)) div {divisor}L)"


def _within_a_minute(scale: int) -> Rule:
    def rule(call: Call) -> str:
        kind = call.kinds[0]
        if len(call.kinds) != 1 or kind.name not in _STAMPS | {_TIME}:
            raise call.refusal
        value = call[0] if kind.name == _TIME else micros(call[0], kind)
        return call.typed(f"pmod({value}, 60000000L) div {scale}L")

    return rule


def shifted(call: Call) -> str:
    """`+` and `-` of a date or timestamp."""
    if len(call.kinds) != 2:
        raise call.refusal
    left, right = call.kinds
    if left.name == _DATE and right.name in _DAYS:
        return f"{'date_add' if call.name == '+' else 'date_sub'}({call[0]}, {call[1]})"
    if left.name in _DAYS and right.name == _DATE and call.name == "+":
        return f"date_add({call[1]}, {call[0]})"
    if left.name == right.name == _DATE and call.name == "-":
        return call.typed(f"datediff({call[0]}, {call[1]})")
    if left.name in _DATED and right.name == "INTERVAL":
        return _with_interval(call, 0, 1)
    if right.name in _DATED and left.name == "INTERVAL" and call.name == "+":
        return _with_interval(call, 1, 0)
    raise call.refusal


def _with_interval(call: Call, moment: int, interval: int) -> str:
    node = call.nodes[interval]
    if node["expression_class"] != "BOUND_CONSTANT" or node["value"].get("is_null"):
        raise call.refusal
    sign = 1 if call.name == "+" else -1
    parts = node["value"].get("value") or {}
    months, days, us = (sign * int(parts.get(name, 0)) for name in ("months", "days", "micros"))
    value = call.typed(call[moment])
    if months:
        value = f"({value} + make_ym_interval(0, {months}))"
    if days or us:
        value = of_micros(f"({micros(value, call.kind)} + {days * _DAY_US + us}L)", call.kind)
    return value


def _truncated(call: Call) -> str:
    part = call.constant_text(0).lower()
    if part not in _TRUNCATED or call.kinds[1].name not in _DATED:
        raise call.refusal
    return call.typed(f"date_trunc('{part}', {call[1]})")


def _difference(call: Call) -> str:
    part = call.constant_text(0).lower()
    kinds = {kind.name for kind in call.kinds[1:]}
    if len(kinds) != 1 or not kinds <= _DATED:
        raise call.refusal
    start, end = call[1], call[2]
    months = f"((year({end}) - year({start})) * 12 + month({end}) - month({start}))"
    match part:
        case "year":
            return call.typed(f"year({end}) - year({start})")
        case "quarter":
            return call.typed(f"(year({end}) - year({start})) * 4 + quarter({end}) - quarter({start})")
        case "month":
            return call.typed(months)
        case "week" if kinds == {_DATE}:
            return call.typed(f"datediff({end}, {start}) div 7")
        case "day":
            return call.typed(f"datediff({end}, {start})")
    if part not in _OF_A_TIME or kinds == {_DATE}:
        raise call.refusal
    units = (_floored(micros(value, call.kinds[1]), _OF_A_TIME[part]) for value in (end, start))
    return call.typed(" - ".join(units))


def _formatted(call: Call) -> str:
    if call.kinds[0].name not in _DATED - {_ZONED}:
        raise call.refusal
    written = call.constant_text(1)
    pieces, at = [], 0
    while at < len(written):
        directive = _FORMATS.get(written[at + 1 : at + 2]) if written[at] == "%" else None
        if directive is None and written[at] not in _BETWEEN:
            raise call.refusal
        pieces.append(directive or ("'T'" if written[at] == "T" else written[at]))
        at += 2 if directive else 1
    value = f"date_format({call[0]}, {text(''.join(pieces))})"
    return only_where(f"year({call[0]}) BETWEEN 1000 AND 9999", value, call.kind, "format years outside 1000 to 9999")


def _seconds(call: Call) -> str:
    if call.kinds[0].name not in _STAMPS:
        raise call.refusal
    return f"(CAST({micros(call[0], call.kinds[0])} AS DOUBLE) / 1000000D)"


def _micros(call: Call) -> str:
    if call.kinds[0].name not in _STAMPS:
        raise call.refusal
    return micros(call[0], call.kinds[0])


def _millis(call: Call) -> str:
    value = _micros(call)
    return call.typed(f"({value} + CASE WHEN {value} < 0 THEN -500L ELSE 500L END) div 1000L")


def _date_of(call: Call) -> str:
    names = frozenset({"BIGINT"})
    if len(call.kinds) != 3 or not call.all_of(names):
        raise call.refusal
    return f"make_date({', '.join(f'CAST({part} AS INT)' for part in call.arguments)})"


RULES: Mapping[str, Rule] = {
    **{name: _part_of_a_date(template) for name, template in _OF_A_DATE.items()},
    **{name: _part_of_a_time(name) for name in _OF_A_TIME},
    "millisecond": _within_a_minute(1000),
    "microsecond": _within_a_minute(1),
    "date_trunc": _truncated,
    "datetrunc": _truncated,
    "date_diff": _difference,
    "datediff": _difference,
    "strftime": _formatted,
    "last_day": by_name("last_day({0})", frozenset({_DATE, _STAMP})),
    "dayname": by_name("date_format({0}, 'EEEE')", frozenset({_DATE, _STAMP})),
    "monthname": by_name("date_format({0}, 'MMMM')", frozenset({_DATE, _STAMP})),
    "epoch": _seconds,
    "epoch_us": _micros,
    "epoch_ms": _millis,
    "make_date": _date_of,
}
