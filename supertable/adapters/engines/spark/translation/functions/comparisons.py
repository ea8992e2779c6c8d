"""Comparisons. Both engines order text and bytes by their bytes, NaN after all numbers, and take -0.0 for 0.0.

Within lists and structs Spark orders NULL first and DuckDB last.
"""

from __future__ import annotations

from collections.abc import Mapping

from supertable.adapters.engines.spark.translation.constants import struct
from supertable.adapters.engines.spark.translation.functions.calls import Call, Rule
from supertable.adapters.engines.spark.translation.kinds import FLOATS, Kind, member
from supertable.adapters.engines.spark.translation.refusals import refused

_ORDERED = {"<": "<", ">": ">", "<=": "<=", ">=": ">="}
_EQUAL = {"=": "{0} = {1}", "!=": "{0} <> {1}", "<>": "{0} <> {1}"}
_DISTINCT = {"IS DISTINCT FROM": "NOT ({0} <=> {1})", "IS NOT DISTINCT FROM": "{0} <=> {1}"}
OPERATORS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "!=",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "IS DISTINCT FROM",
    "COMPARE_NOT_DISTINCT_FROM": "IS NOT DISTINCT FROM",
}


def compared(operator: str, left: str, right: str, kind: Kind) -> str:
    """`kind`: of both sides. Raises `NotOnSpark`."""
    left, right = apart_from_files(left, kind), apart_from_files(right, kind)
    if operator in _ORDERED:
        return f"({sort_key(left, kind)} {_ORDERED[operator]} {sort_key(right, kind)})"
    check_equality(kind)
    return f"({(_EQUAL | _DISTINCT)[operator].format(left, right)})"


def apart_from_files(value: str, kind: Kind) -> str:
    """A float without -0.0, which Spark does not compare with the ranges in files: those leave NaN out."""
    return f"({value} + CAST(0 AS {kind.spark}))" if kind.name in FLOATS else value


def check_equality(kind: Kind) -> None:
    """Raises `NotOnSpark` where Spark cannot tell equal values, as in comparisons, groups and set operations."""
    if kind.has_maps:
        raise refused("comparisons of the type MAP")
    kind.spark  # noqa: B018 - raises for types that Spark has not


def check_order(kind: Kind) -> None:
    """Raises `NotOnSpark` where Spark orders values otherwise."""
    if kind.nested:
        raise refused(f"the order of the type {kind.name}")
    check_equality(kind)


def sort_key(value: str, kind: Kind, depth: int = 0) -> str:
    """What Spark orders as DuckDB orders the value: within lists and structs, each part after whether it is NULL."""
    check_equality(kind)
    if kind.name == "LIST":
        name = f"o{depth}"
        return f"transform({value}, {name} -> {_part(name, kind.parts[0], depth + 1)})"
    if kind.name == "STRUCT":
        items = (_part(f"({value}).{member(i)}", part, depth) for i, part in enumerate(kind.parts))
        return f"CASE WHEN {value} IS NOT NULL THEN {struct(list(items))} END"
    return value


def _part(value: str, kind: Kind, depth: int) -> str:
    return struct([f"{value} IS NULL", sort_key(value, kind, depth)])


def _rule(operator: str) -> Rule:
    def rule(call: Call) -> str:
        if len(call.kinds) != 2 or call.kinds[0] != call.kinds[1]:
            raise call.refusal
        return compared(operator, call[0], call[1], call.kinds[0])

    return rule


def _between(call: Call) -> str:
    if len(set(call.kinds)) != 1:
        raise call.refusal
    check_order(call.kinds[0])
    value = apart_from_files(call[0], call.kinds[0])
    return f"({value} BETWEEN {call[1]} AND {call[2]})"


def _constant_or_null(call: Call) -> str:
    """What DuckDB's rewriting makes of a call whose value follows from whether its arguments are NULL."""
    known = " AND ".join(f"{value} IS NOT NULL" for value in call.arguments[1:])
    return f"CASE WHEN {known} THEN {call[0]} END"


RULES: Mapping[str, Rule] = {
    **{operator: _rule(operator) for operator in (*_ORDERED, *_EQUAL, *_DISTINCT)},
    "__between": _between,
    "constant_or_null": _constant_or_null,
}
