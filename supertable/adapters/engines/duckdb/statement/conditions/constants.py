"""The constants of a WHERE clause as values to compare with file ranges. Inexact values are left out or widened."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, nodes
from supertable.domain.scan.predicates import All, AnyOf, Compare, Predicate
from supertable.domain.schema.types import FLOATS, UNITS, DataType, Field, is_integer

Evaluate = Callable[[Node, str], tuple[str, int | None]]
"""Returns the type of a constant expression, and its value in microseconds after a cast to the named type, or None."""

Parameters = Sequence[Any] | Mapping[str, Any]

_US_PER_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FLOAT = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_PURE = frozenset({"+", "-", "trunc", "to_days", "to_hours", "to_minutes", "to_months", "to_seconds", "to_years"})
_TYPES = {"DATE": "date", "TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "zoned", "TIME": "time"}


@dataclass(frozen=True, slots=True)
class Constant:
    """`kind`: number (the value is a Fraction), float, text, bool, or date, timestamp, zoned, time (microseconds)."""

    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class Constants:
    """Reads the constants in expressions: literals, dates computed from literals, and parameters."""

    evaluate: Evaluate
    parameters: Parameters

    def read(self, node: Node, wanted: DataType) -> Constant | None:
        """The value of an expression that is compared with a column of type `wanted`; None where it is unknown."""
        if node["class"] == "PARAMETER":
            return self._parameter(node["identifier"])
        if node["class"] == "CONSTANT":
            found = literal_value(node["value"])
            if found and found.kind == "text" and wanted.name in ("date", "time", "timestamp"):
                return self._temporal(node, _kind(wanted))
            return found
        if wanted.name in FLOATS:
            return _double(node)
        if wanted.name in ("date", "time", "timestamp") and _is_pure(node):
            return self._temporal(node, "timestamp" if wanted.name == "date" else _kind(wanted))
        return None

    def _parameter(self, identifier: str) -> Constant | None:
        if isinstance(self.parameters, Mapping):
            return _python_value(self.parameters.get(identifier))
        number = int(identifier) - 1 if identifier.isdigit() else -1
        return _python_value(self.parameters[number]) if 0 <= number < len(self.parameters) else None

    def _temporal(self, node: Node, target: str) -> Constant | None:
        quick = iso_date(node) if target != "time" else None
        if quick is not None:
            return Constant("date", quick)
        type_, microseconds = self.evaluate(node, target)
        kind = target.removesuffix("_ns") if type_ == "VARCHAR" else _TYPES.get(type_)
        return Constant(kind, microseconds) if kind and microseconds is not None else None


def comparison(field: Field, operator: str, constant: Constant) -> Predicate | None:
    """`field operator constant` as a predicate in the units of the field's type; None where it restricts nothing."""
    low, high = _bounds(field.type, constant)
    if low is None or high is None:
        return None
    if isinstance(low, Fraction) and isinstance(high, Fraction):
        return _rounded(field.name, operator, low, high)
    if low == high:
        return Compare(field.name, operator, low)
    return All(tuple(_spread(field.name, operator, low, high)))


def _bounds(kind: DataType, constant: Constant) -> tuple[Any, Any]:
    """Bounds, in the column's units, of the value that the engine will compare with; None where they are unknown."""
    value = constant.value
    if constant.kind == "text" and kind.name == "string":
        return value, value
    if constant.kind == "bool" and kind.name == "bool":
        return value, value
    if constant.kind in ("number", "float") and kind.name in FLOATS:
        return _float_bounds(value)
    if constant.kind == "number" and (is_integer(kind) or kind.name == "decimal"):
        return value * 10**kind.scale, value * 10**kind.scale
    if constant.kind in _comparable_kinds(kind):
        return _temporal_bounds(kind, Fraction(value))
    return None, None


def _comparable_kinds(kind: DataType) -> tuple[str, ...]:
    if kind.name == "date":
        return "date", "timestamp"
    if kind.name == "time":
        return ("time",)
    if kind.name == "timestamp":
        return ("date", "timestamp", "zoned") if kind.timezone else ("date", "timestamp")
    return ()


def _temporal_bounds(kind: DataType, microseconds: Fraction) -> tuple[Fraction, Fraction]:
    """The engine compares in microseconds at most. For nanosecond columns the value may be off by one microsecond."""
    if kind.name == "date":
        return microseconds / _US_PER_DAY, microseconds / _US_PER_DAY
    margin = 1 if kind.unit == "ns" else 0
    scale = Fraction(10) ** (UNITS[kind.unit] - UNITS["us"])
    return (microseconds - margin) * scale, (microseconds + margin) * scale


def _float_bounds(value: Any) -> tuple[float | None, float | None]:
    """The engine may round to FLOAT or DOUBLE before it compares. The margin is wider than either rounding."""
    try:
        near = float(value)
    except OverflowError:
        return None, None
    if not math.isfinite(near):
        return None, None
    margin = abs(near) * 2.0**-21 + 2.0**-140
    return near - margin, near + margin


def _rounded(column: str, operator: str, low: Fraction, high: Fraction) -> Predicate:
    if low == high and low.denominator == 1:
        return Compare(column, operator, int(low))
    if operator == "=" and low == high:
        return AnyOf(())
    return All(tuple(_spread(column, operator, math.ceil(low), math.floor(high))))


def _spread(column: str, operator: str, low: Any, high: Any) -> Iterator[Predicate]:
    if operator in ("=", ">", ">="):
        yield Compare(column, ">=", low)
    if operator in ("=", "<", "<="):
        yield Compare(column, "<=", high)


def _kind(wanted: DataType) -> str:
    """The type that texts are cast to. An offset, as in '2024-05-01 14:00+02', counts in TIMESTAMP_NS only."""
    if wanted.name == "timestamp" and wanted.unit == "ns" and not wanted.timezone:
        return "timestamp_ns"
    return "zoned" if wanted.timezone else wanted.name


def literal_value(value: Node) -> Constant | None:
    """The value of a literal; None for NULL, and for floats, which are inexact."""
    kind, info, content = value["type"]["id"], value["type"]["type_info"], value.get("value")
    if value["is_null"]:
        return None
    if kind == "VARCHAR":
        return Constant("text", content)
    if kind == "BOOLEAN":
        return Constant("bool", content)
    whole = _whole(content)
    if kind == "DECIMAL" and whole is not None:
        return Constant("number", Fraction(whole, 10 ** info["scale"]))
    return Constant("number", Fraction(whole)) if kind in _WHOLE and whole is not None else None


_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT", "UHUGEINT"})


def _whole(content: Any) -> int | None:
    if isinstance(content, dict) and content.keys() == {"upper", "lower"}:
        return (int(content["upper"]) << 64) + int(content["lower"])
    return content if type(content) is int else None


def _double(node: Node) -> Constant | None:
    """The value of `CAST('1e10' AS DOUBLE)`, the form of numbers with an exponent, or of `1.5::DOUBLE`."""
    if node["class"] != "CAST" or node["cast_type"]["id"] != "DOUBLE" or node["child"]["class"] != "CONSTANT":
        return None
    found = literal_value(node["child"]["value"])
    if found is None or not (found.kind == "number" or (found.kind == "text" and _FLOAT.fullmatch(found.value))):
        return None
    value = float(found.value)
    return Constant("float", value) if math.isfinite(value) else None


def _is_pure(node: Node) -> bool:
    """Whether the expression consists of literals, casts and date arithmetic only."""
    for part in nodes(node):
        kind = part.get("class")
        if kind == "FUNCTION" and part["function_name"] not in _PURE:
            return False
        if kind is not None and kind not in ("CONSTANT", "CAST", "FUNCTION"):
            return False
    return True


def iso_date(node: Node) -> int | None:
    """The value of `'2013-01-31'` or `DATE '2013-01-31'`, the most common forms, without a call of the engine."""
    if node["class"] == "CAST" and node["cast_type"]["id"] == "DATE" and node["child"]["class"] == "CONSTANT":
        node = node["child"]
    text = node["value"].get("value") if node["class"] == "CONSTANT" else None
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return None
    try:
        return (date.fromisoformat(text) - _EPOCH.date()).days * _US_PER_DAY
    except ValueError:
        return None


def _python_value(value: Any) -> Constant | None:
    """The constant that the engine sees for a Python value bound as a parameter; None where it is unknown."""
    match value:
        case bool():
            return Constant("bool", value)
        case int():
            return Constant("number", Fraction(value))
        case float() if math.isfinite(value):
            return Constant("float", value)
        case str():
            return Constant("text", value)
        case Decimal() if value.is_finite():
            return Constant("number", Fraction(value))
        case datetime():
            return Constant("zoned" if value.tzinfo else "timestamp", _microseconds(value))
        case date():
            return Constant("date", (value - _EPOCH.date()).days * _US_PER_DAY)
        case time() if value.tzinfo is None:
            seconds = (value.hour * 60 + value.minute) * 60 + value.second
            return Constant("time", seconds * 1_000_000 + value.microsecond)
    return None


def _microseconds(value: datetime) -> int:
    since = (value if value.tzinfo else value.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
