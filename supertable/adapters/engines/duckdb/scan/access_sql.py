"""The last stage of the view chain as DuckDB SQL: row filters, hidden columns and masks.

The SQL cannot fail on any value, since an error would reveal hidden rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from supertable.adapters.engines.duckdb.scan.row_filter_sql import condition_sql
from supertable.adapters.engines.duckdb.types import duckdb_type, literal, quoted
from supertable.domain.access.masks import Mask, MaskKind
from supertable.domain.scan.scan_plan import AccessStage
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import FLOATS, Field

_STARS = "'****'"


def access_sql(
    access: AccessStage, schema: Schema, rows: str, columns: Sequence[Field], more: Sequence[str], residual: str
) -> str:
    """The SQL of what the caller sees of `rows`, the SQL of a subquery.

    `columns`: the columns to return, with their stored types. `more`: names of further columns, which are returned
    unchanged. `residual`: a predicate that is applied to every row as well; empty: none.
    """
    values = [f"{_value(access, column)} AS {quoted(column.name)}" for column in columns]
    values += [quoted(name) for name in more]
    sql = f"SELECT {', '.join(values) or 'NULL'} FROM ({rows}) AS st_a"
    conditions = [condition_sql(access.condition, schema)] if access.condition else []
    conditions += [residual] if residual else []
    return f"{sql} WHERE {' AND '.join(conditions)}" if conditions else sql


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
            return f"sha256({literal(key)} || {_canonical_text(column)})"
        case MaskKind.PARTIAL:
            shown = f"left({name}, {mask.first}) || {_STARS} || right({name}, {mask.last})"
            if mask.last == 0:
                shown = f"left({name}, {mask.first}) || {_STARS}"
            long = f"length({name}) > {mask.first + mask.last}"
            return f"CASE WHEN {long} THEN {shown} WHEN {name} IS NOT NULL THEN {_STARS} END"


def _canonical_text(column: Field) -> str:
    """The value as text, the same for equal values. Floats have two zeros and several NaN."""
    name = quoted(column.name)
    if column.type.name in FLOATS:
        return f"CASE WHEN isnan({name}) THEN 'nan' ELSE CAST({name} + 0 AS VARCHAR) END"
    return f"CAST({name} AS VARCHAR)"
