"""The part of a predicate that every engine can test on each row with the same result as file pruning."""

from __future__ import annotations

from supertable.domain.scan.predicates import ALWAYS, All, AnyOf, Compare, IsIn, NullTest, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import FLOATS, DataType, Scalar, is_integer

_LARGEST = 2**120
_LARGEST_NS = 2**63 - 1
"""Nanoseconds of the latest moment; engines use what lies beyond for infinity."""


def exact_part(predicate: Predicate, schema: Schema) -> Predicate:
    """The part of the predicate that compares columns of `schema` with values of their own types.

    All other comparisons become `ALWAYS`, so the result is still a necessary condition.
    """
    match predicate:
        case All(parts):
            kept = tuple(part for part in (exact_part(part, schema) for part in parts) if part != ALWAYS)
            return kept[0] if len(kept) == 1 else All(kept)
        case AnyOf(parts):
            either = tuple(exact_part(part, schema) for part in parts)
            return ALWAYS if ALWAYS in either else AnyOf(either)
        case NullTest(column):
            return predicate if schema.find(column) else ALWAYS
        case Compare(column, _, value):
            return predicate if _fits(schema, column, value) else ALWAYS
        case IsIn(column, values):
            return predicate if all(_fits(schema, column, value) for value in values) else ALWAYS


def _fits(schema: Schema, column: str, value: Scalar) -> bool:
    field = schema.find(column)
    return field is not None and _holds(field.type, value)


def _holds(kind: DataType, value: Scalar) -> bool:
    if isinstance(value, bool):
        return kind.name == "bool"
    if isinstance(value, str):
        return kind.name == "string"
    if isinstance(value, float):
        return kind.name in FLOATS
    if kind.name == "decimal":
        return abs(value) < int(10**kind.precision)
    if kind.name == "timestamp":
        return abs(value) < (2**62 if kind.unit != "ns" else 0 if kind.timezone else _LARGEST_NS)
    return (is_integer(kind) and abs(value) < _LARGEST) or (kind.name == "date" and abs(value) < 2**31)
