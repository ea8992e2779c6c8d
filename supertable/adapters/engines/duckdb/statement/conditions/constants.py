"""The constants of a WHERE clause as values to compare with file ranges. Inexact values are left out or widened."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

from supertable.adapters.engines.duckdb.statement.conditions.literals import (
    BEYOND_INTEGERS,
    Constant,
    iso_time,
    literal_value,
    microseconds,
    number,
)
from supertable.adapters.engines.duckdb.statement.parse_tree import Node, literal_text, nodes
from supertable.adapters.engines.duckdb.statement.type_names import decimal_type, scalar_type
from supertable.domain.scan.predicates import All, AnyOf, Compare, Predicate
from supertable.domain.schema.types import FLOATS, UNITS, DataType, Field, is_integer

Evaluate = Callable[[Node, str], tuple[str, int | None]]
"""Returns the type of a constant expression, and its value in microseconds after a cast to the named type, or None."""

Parameters = Sequence[Any] | Mapping[str, Any]

_US_PER_DAY = 86_400_000_000
_EPOCH = date(1970, 1, 1)
PURE = frozenset({"+", "-", "trunc", "to_days", "to_hours", "to_minutes", "to_months", "to_seconds", "to_years"})
_SIMPLE = frozenset(
    {
        *(f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")),
        *("BOOLEAN", "DATE", "DOUBLE", "FLOAT", "INTERVAL", "TIME", "TIME WITH TIME ZONE", "TIMESTAMP", "VARCHAR"),
        *("TIMESTAMP WITH TIME ZONE", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP_S"),
    }
)
_TEMPORAL = frozenset({"date", "time", "timestamp"})
_TYPES = {"DATE": "date", "TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "zoned", "TIME": "time"}


def consists_of(node: Node, functions: frozenset[str]) -> bool:
    """Whether the expression consists of literals, casts to simple types and these functions only.

    Only such an expression is evaluated in the process of a service. Others can crash it: a cast from JSON to VARIANT
    recurses.
    """
    for part in nodes(node):
        match part.get("class"):
            case "FUNCTION" if part["function_name"] not in functions:
                return False
            case "TYPE" if scalar_type(part) not in _SIMPLE and decimal_type(part) is None:
                return False
            case None | "CONSTANT" | "CAST" | "TYPE" | "FUNCTION":
                pass
            case _:
                return False
    return True


@dataclass(frozen=True, slots=True)
class Constants:
    """Reads the constants in expressions: literals, dates computed from literals, and parameters."""

    evaluate: Evaluate
    parameters: Parameters

    def read(self, node: Node, wanted: DataType, may_evaluate: bool = True) -> Constant | None:
        """The value of an expression that is compared with a column of type `wanted`; None where it is unknown.

        `may_evaluate`: whether the engine may be asked, which takes about a millisecond.
        """
        if node["class"] == "PARAMETER":
            return self._parameter(node["identifier"])
        if node["class"] == "CONSTANT":
            found = literal_value(node)
            if found and found.kind == "text" and wanted.name in _TEMPORAL:
                return self._temporal(node, _kind(wanted), may_evaluate)
            return found
        if wanted.name in FLOATS:
            return _double(node)
        if wanted.name in _TEMPORAL:
            return self._temporal(node, "timestamp" if wanted.name == "date" else _kind(wanted), may_evaluate)
        return None

    def _parameter(self, identifier: str) -> Constant | None:
        if isinstance(self.parameters, Mapping):
            return _python_value(self.parameters.get(identifier))
        number = int(identifier) - 1 if identifier.isdigit() else -1
        return _python_value(self.parameters[number]) if 0 <= number < len(self.parameters) else None

    def _temporal(self, node: Node, target: str, may_evaluate: bool) -> Constant | None:
        quick = iso_time(node, target)
        if quick is not None or not may_evaluate or not consists_of(node, PURE):
            return quick
        type_, microseconds = self.evaluate(node, target)
        kind = target.removesuffix("_ns") if type_ == "VARCHAR" else _TYPES.get(type_)
        return Constant(kind, microseconds) if kind and microseconds is not None else None


def comparison(field: Field, operator: str, constant: Constant) -> Predicate | None:
    """`field operator constant` as a predicate in the units of the field's type; None where it restricts nothing."""
    low, high = _bounds(field.type, constant)
    if low is None or high is None:
        return None
    if isinstance(low, Fraction) or isinstance(high, Fraction):
        return _rounded(field.name, operator, Fraction(low), Fraction(high))
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
    if constant.kind == "number" and is_integer(kind) and abs(value) >= BEYOND_INTEGERS:
        return None, None  # beside other numbers of more than 64 bits, the engine may compare as DOUBLE
    if constant.kind in ("number", "float") and kind.name in FLOATS:
        return _float_bounds(value)
    if constant.kind == "number" and (is_integer(kind) or kind.name == "decimal"):
        return value * 10**kind.scale, value * 10**kind.scale
    if constant.kind in _comparable_kinds(kind):
        return _temporal_bounds(kind, value)
    return None, None


def _comparable_kinds(kind: DataType) -> tuple[str, ...]:
    if kind.name == "date":
        return "date", "timestamp"
    if kind.name == "time":
        return ("time",)
    if kind.name == "timestamp":
        return ("date", "timestamp", "zoned") if kind.timezone else ("date", "timestamp")
    return ()


def _temporal_bounds(kind: DataType, microseconds: int) -> tuple[int | Fraction, int | Fraction]:
    """The engine compares in microseconds at most. For nanosecond columns the value may be off by one microsecond."""
    if kind.name == "date":
        days, rest = divmod(microseconds, _US_PER_DAY)
        exact = Fraction(microseconds, _US_PER_DAY) if rest else days
        return exact, exact
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


def _double(node: Node) -> Constant | None:
    """The value of `CAST(1.5 AS DOUBLE)` and `CAST('1e10' AS DOUBLE)`."""
    if node["class"] != "CAST" or node["try_cast"] or scalar_type(node["type_expr"]) != "DOUBLE":
        return None
    child = node["child"]
    if child["class"] != "CONSTANT":
        return None
    text = literal_text(child, "STRING")
    found = number(text) if text is not None else literal_value(child)
    if found is None or found.kind not in ("number", "float"):
        return None
    try:
        value = float(found.value)
    except OverflowError:
        return None
    return Constant("float", value) if math.isfinite(value) else None


def _python_value(value: Any) -> Constant | None:
    """The constant that the engine sees for a Python value bound as a parameter; None where it is unknown."""
    match value:
        case bool():
            return Constant("bool", value)
        case int():
            return Constant("number", value)
        case float() if math.isfinite(value):
            return Constant("float", value)
        case str():
            return Constant("text", value)
        case Decimal() if value.is_finite():
            return Constant("number", Fraction(value))
        case datetime():
            return Constant("zoned" if value.tzinfo else "timestamp", microseconds(value))
        case date():
            return Constant("date", (value - _EPOCH).days * _US_PER_DAY)
        case time() if value.tzinfo is None:
            seconds = (value.hour * 60 + value.minute) * 60 + value.second
            return Constant("time", seconds * 1_000_000 + value.microsecond)
    return None
