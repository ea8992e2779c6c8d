"""The last stage of the view chain as DuckDB SQL: the rows and columns that the caller may see, and masks.

Nothing in it can fail, whatever the values are: an error would tell of rows that are hidden.
"""

from __future__ import annotations

from collections.abc import Sequence

from supertable.adapters.engines.duckdb.types import duckdb_type, literal, quoted
from supertable.domain.masks import Mask, MaskKind
from supertable.domain.row_filters import COMPARISONS, Form, Term
from supertable.domain.schemas import Schema
from supertable.domain.types import DataType, Field
from supertable.domain.view_chain import AccessStage

FENCE = " LIMIT 9223372036854775807"
"""Nothing that a statement asks of the rows is asked before the condition is known to be true."""

_STARS = "'****'"
_TEXT = DataType("string")


def access_sql(
    access: AccessStage, schema: Schema, rows: str, columns: Sequence[Field], more: Sequence[str], fenced: bool
) -> str:
    """What the caller sees of `rows`, the SQL of a subquery.

    `columns` are among those of `schema`, as they are stored; `more`: names of columns that go along as they are.
    """
    values = [f"{_value(access, column)} AS {quoted(column.name)}" for column in columns]
    values += [quoted(name) for name in more]
    sql = f"SELECT {', '.join(values) or 'NULL'} FROM ({rows}) AS st_a"
    if access.condition is None:
        return sql
    return f"{sql} WHERE {condition_sql(access.condition, schema)}{FENCE if fenced else ''}"


def condition_sql(term: Term, schema: Schema) -> str:
    """A bound condition over the columns of `schema`, or a part of one."""
    parts = [condition_sql(part, schema) for part in term.parts]
    match term.form:
        case Form.COLUMN:
            return quoted(_column(term, schema).name)
        case Form.CONSTANT:
            return _constant(term, term.type or _TEXT)
        case Form.LOWER | Form.UPPER:
            return f"{term.form}({parts[0]})"
        case Form.NOT:
            return f"(NOT {parts[0]})"
        case Form.IS_NULL:
            return f"({parts[0]} IS NULL)"
        case Form.AND | Form.OR:
            return f"({f' {term.form.upper()} '.join(parts)})"
        case Form.IN:
            value, *among = _alike(term, schema)
            return f"({value} IN ({', '.join(among)}))"
        case Form.LIKE | Form.ILIKE:
            return f"({parts[0]} {term.form.upper()} {parts[1]})"
        case form if form in COMPARISONS:
            left, right = _alike(term, schema)
            return f"({left} {form} {right})"
    raise AssertionError(term.form)  # what is known of the caller was put in before


def _alike(term: Term, schema: Schema) -> list[str]:
    """The operands; constants with the type of the column that they are compared with, null where they have none."""
    kinds = [_column(part, schema).type for part in term.parts if part.form is Form.COLUMN]
    kind = kinds[0] if kinds else None
    return [
        _constant(part, kind) if part.form is Form.CONSTANT and kind else condition_sql(part, schema)
        for part in term.parts
    ]


def _constant(term: Term, kind: DataType) -> str:
    if term.text is None:
        return f"NULL::{duckdb_type(kind)}"
    if kind.name == "string":
        return literal(term.text)
    return f"TRY_CAST({literal(term.text)} AS {duckdb_type(kind)})"


def _value(access: AccessStage, column: Field) -> str:
    mask = access.masks.get(column.id)
    return quoted(column.name) if mask is None else _masked(mask, column, access.mask_key)


def _masked(mask: Mask, column: Field, key: str) -> str:
    name = quoted(column.name)
    match mask.kind:
        case MaskKind.NULL:
            return f"NULL::{duckdb_type(column.type)}"
        case MaskKind.CONSTANT:
            return literal(mask.constant)
        case MaskKind.HASH:
            return f"sha256({literal(key)} || CAST({name} AS VARCHAR))"
        case MaskKind.PARTIAL:
            shown = f"left({name}, {mask.first}) || {_STARS} || right({name}, {mask.last})"
            if mask.last == 0:
                shown = f"left({name}, {mask.first}) || {_STARS}"
            long = f"length({name}) > {mask.first + mask.last}"
            return f"CASE WHEN {long} THEN {shown} WHEN {name} IS NOT NULL THEN {_STARS} END"


def _column(term: Term, schema: Schema) -> Field:
    found = schema.by_id(term.column)
    assert found is not None, term.column  # `OpenTable.scan` made sure
    return found
