"""Row filters as DuckDB SQL, for queries and for people.

The SQL for queries cannot fail on any value, since an error would reveal hidden rows.
"""

from __future__ import annotations

from collections.abc import Callable

from supertable.adapters.engines.duckdb.types import duckdb_type, literal, quoted
from supertable.domain.access.row_filters import COMPARISONS, Form, Term
from supertable.domain.schema.scalars import scalar, scalar_text
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import FLOATS, DataType, Field, is_integer

_TEXT = DataType("string")
_MOST_DIGITS = 30
"""Longer numbers lose digits when they are parsed again."""

_Constant = Callable[[Term, DataType], str]


def condition_sql(term: Term, schema: Schema) -> str:
    """The SQL of a bound condition that fits `schema`, or of a part of one."""
    return _sql(term, schema, _cast)


def readable_sql(term: Term, schema: Schema) -> str:
    """A condition that fits `schema` as people would write it."""
    sql = _sql(term, schema, _readable)
    return sql[1:-1] if sql.startswith("(") else sql


def _sql(term: Term, schema: Schema, constant: _Constant) -> str:
    match term.form:
        case Form.COLUMN:
            return quoted(_column(term, schema).name)
        case Form.CONSTANT:
            return constant(term, term.type or _TEXT)
        case Form.USER | Form.ROLE:
            return f"{term.form}"
        case Form.ATTRIBUTE:
            return f"{term.form}({literal(term.text or '')})"
    parts = _operands(term, schema, constant)
    match term.form:
        case Form.LOWER | Form.UPPER:
            return f"{term.form}({parts[0]})"
        case Form.NOT:
            return f"(NOT {parts[0]})"
        case Form.IS_NULL:
            return f"({parts[0]} IS NULL)"
        case Form.IN:
            return f"({parts[0]} IN ({', '.join(parts[1:])}))"
        case form if form in COMPARISONS:
            return f"({parts[0]} {form} {parts[1]})"
    return f"({f' {term.form.upper()} '.join(parts)})"


def _operands(term: Term, schema: Schema, constant: _Constant) -> list[str]:
    """Constants take the type of the column that they are compared with."""
    kinds = [_column(part, schema).type for part in term.parts if part.form is Form.COLUMN]
    compared = kinds and (term.form is Form.IN or term.form in COMPARISONS)
    return [
        constant(part, kinds[0]) if compared and part.form is Form.CONSTANT else _sql(part, schema, constant)
        for part in term.parts
    ]


def _cast(term: Term, kind: DataType) -> str:
    """A text from the caller that is not a value of the type becomes null, which hides the row."""
    text = term.text if term.type == kind else _value_text(term.text, kind)
    if text is None:
        return f"NULL::{duckdb_type(kind)}"
    text = literal(text)
    return text if kind.name == "string" else f"TRY_CAST({text} AS {duckdb_type(kind)})"


def _value_text(text: str | None, kind: DataType) -> str | None:
    value = None if text is None else scalar(text, kind)
    return None if value is None else scalar_text(value, kind)


def _readable(term: Term, kind: DataType) -> str:
    text = term.text or ""
    if kind.name == "bool" or kind.name in FLOATS or is_integer(kind):
        return text
    if kind.name == "decimal":
        return text if len(text) <= _MOST_DIGITS else f"CAST({literal(text)} AS {duckdb_type(kind)})"
    if kind.name == "string":
        return literal(text)
    return f"{'TIMESTAMP' if kind.unit == 'ns' and not kind.timezone else duckdb_type(kind)} {literal(text)}"


def _column(term: Term, schema: Schema) -> Field:
    found = schema.by_id(term.column)
    assert found is not None, term.column  # `OpenTable.scan` has checked it
    return found
