"""Exact predicates (see `domain.scan.exact_predicates`) as DuckDB SQL that cannot fail on any row."""

from __future__ import annotations

from decimal import Context, Decimal

from supertable.adapters.engines.duckdb.types import duckdb_type, literal, quoted
from supertable.domain.scan.predicates import All, AnyOf, Compare, IsIn, NullTest, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import UNITS, DataType, Scalar

_EXACT = Context(prec=80)


def residual_sql(predicate: Predicate, schema: Schema) -> str:
    match predicate:
        case All(parts):
            return _joined(" AND ", [residual_sql(part, schema) for part in parts], "TRUE")
        case AnyOf(parts):
            return _joined(" OR ", [residual_sql(part, schema) for part in parts], "FALSE")
        case NullTest(column, negated):
            return f"({quoted(column)} IS {'NOT ' if negated else ''}NULL)"
        case Compare(column, operator, value):
            return f"({quoted(column)} {operator} {_value(schema, column, value)})"
        case IsIn(column, values):
            listed = [_value(schema, column, value) for value in values]
            return f"({quoted(column)} IN ({', '.join(listed)}))" if listed else "FALSE"


def residual_columns(predicate: Predicate) -> frozenset[str]:
    """The names of the columns that the predicate reads."""
    if isinstance(predicate, All | AnyOf):
        return frozenset().union(*map(residual_columns, predicate.parts))
    return frozenset({predicate.column})


def _joined(operator: str, parts: list[str], none: str) -> str:
    return f"({operator.join(parts)})" if parts else none


def _value(schema: Schema, column: str, value: Scalar) -> str:
    field = schema.find(column)
    assert field is not None, column
    return constant_sql(field.type, value)


def constant_sql(kind: DataType, value: Scalar) -> str:
    """A value of a column of this type, whose scalars are exact (see `exact_predicates`)."""
    if isinstance(value, str):
        return literal(value)
    if kind.name == "decimal":
        return f"CAST('{Decimal(value).scaleb(-kind.scale, _EXACT):f}' AS {duckdb_type(kind)})"
    if kind.name == "date":
        return f"(DATE '1970-01-01' + CAST({value} AS INTEGER))"
    if kind.name == "timestamp" and kind.unit == "ns":
        return f"make_timestamp_ns(CAST({value} AS BIGINT))"
    if kind.name == "timestamp":
        microseconds = int(value) * 10 ** (UNITS["us"] - UNITS[kind.unit])
        function = "make_timestamptz" if kind.timezone else "make_timestamp"
        return f"{function}(CAST({microseconds} AS BIGINT))"
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    return str(value).upper() if isinstance(value, bool) else f"CAST('{value}' AS HUGEINT)"
