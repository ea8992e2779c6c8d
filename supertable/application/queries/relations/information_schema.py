"""The relations of `information_schema`, after ISO/IEC 9075-11: the columns of the standard that say something here.

A catalog is an organization, and a schema is a supertable. Types have the names that they have everywhere in the
product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import layout_texts
from supertable.domain.access.roles import Permission, Role
from supertable.domain.schema.types import Field, is_integer

_TEXT, _NUMBER = pa.string(), pa.int64()
_NAME = {"table_catalog": _TEXT, "table_schema": _TEXT, "table_name": _TEXT}
_DIGITS = {"ms": 3, "us": 6, "ns": 9}
_BITS = {"float16": 11, "float32": 24, "float64": 53}
_DECIMALS = {"8": 3, "16": 5, "32": 10, "64": 19}


@dataclass(frozen=True, slots=True)
class Listed:
    """A table or view as the caller sees it, with its columns."""

    supertable: str
    table: OpenTable
    columns: tuple[Field, ...]

    @property
    def keys(self) -> list[str]:
        """The key columns; empty if the caller does not see all of them."""
        shown = {field.name for field in self.columns}
        names = self.table.snapshot.key_names
        return names if shown.issuperset(names) else []


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a role may know of in an organization. `tables`: its tables and views."""

    name: str
    supertables: Sequence[str]
    tables: Sequence[Listed]
    role: Role


def rows_of(name: str, catalog: Catalog) -> pa.Table:
    """The rows of a relation of `INFORMATION_SCHEMA`."""
    columns, rows = INFORMATION_SCHEMA[name]
    return pa.Table.from_pylist(list(rows(catalog)), schema=pa.schema(list(columns.items())))


def _schemata(catalog: Catalog) -> Iterator[dict[str, Any]]:
    for name in catalog.supertables:
        yield {"catalog_name": catalog.name, "schema_name": name}


def _tables(catalog: Catalog) -> Iterator[dict[str, Any]]:
    for listed in catalog.tables:
        partition_by, sort_by = layout_texts(listed.table)
        yield {
            **_named(catalog, listed),
            "table_type": "VIEW" if listed.table.entry.view else "BASE TABLE",
            "is_insertable_into": _yes(catalog.role.may(Permission.WRITE) and not listed.table.entry.view),
            "table_comment": listed.table.snapshot.definition.comment or None,
            "partitioned_by": ", ".join(partition_by) or None,
            "sorted_by": ", ".join(sort_by) or None,
        }


def _columns(catalog: Catalog) -> Iterator[dict[str, Any]]:
    for listed in catalog.tables:
        for number, field in enumerate(listed.columns, 1):
            yield {
                **_named(catalog, listed),
                "column_name": field.name,
                "ordinal_position": number,
                "is_nullable": _yes(field.nullable),
                "data_type": str(field.type),
                **_numbers(field),
                "column_comment": field.comment or None,
            }


def _numbers(field: Field) -> dict[str, int | None]:
    """The numbers of a type, as the standard counts them: decimal digits, or bits for floating point."""
    kind = field.type
    if is_integer(kind):
        digits = 20 if kind.name == "uint64" else _DECIMALS[kind.name.lstrip("uint")]
        return {"numeric_precision": digits, "numeric_precision_radix": 10, "numeric_scale": 0}
    if kind.name == "decimal":
        return {"numeric_precision": kind.precision, "numeric_precision_radix": 10, "numeric_scale": kind.scale}
    if kind.name in _BITS:
        return {"numeric_precision": _BITS[kind.name], "numeric_precision_radix": 2}
    return {"datetime_precision": _DIGITS.get(kind.unit, 0 if kind.name == "date" else None)}


def _views(catalog: Catalog) -> Iterator[dict[str, Any]]:
    """The text of a view names what it reads, so that it is shown to roles alone that reach everything."""
    for listed in catalog.tables:
        if listed.table.entry.view:
            text = listed.table.snapshot.definition.view if catalog.role.reaches_all else None
            named = _named(catalog, listed)
            yield {**named, "view_definition": text, "check_option": "NONE", "is_updatable": "NO"}


def _constraints(catalog: Catalog) -> Iterator[dict[str, Any]]:
    for listed in catalog.tables:
        if listed.keys:
            yield {**_constraint(catalog, listed), **_named(catalog, listed), "constraint_type": "PRIMARY KEY"}


def _key_columns(catalog: Catalog) -> Iterator[dict[str, Any]]:
    for listed in catalog.tables:
        for number, key in enumerate(listed.keys, 1):
            named = {**_constraint(catalog, listed), **_named(catalog, listed)}
            yield {**named, "column_name": key, "ordinal_position": number}


def _named(catalog: Catalog, listed: Listed) -> dict[str, Any]:
    return {"table_catalog": catalog.name, "table_schema": listed.supertable, "table_name": listed.table.name}


def _constraint(catalog: Catalog, listed: Listed) -> dict[str, Any]:
    name = f"{listed.table.name}_key"
    return {"constraint_catalog": catalog.name, "constraint_schema": listed.supertable, "constraint_name": name}


def _yes(value: bool) -> str:
    return "YES" if value else "NO"


_CONSTRAINT = {"constraint_catalog": _TEXT, "constraint_schema": _TEXT, "constraint_name": _TEXT}
_Rows = Callable[[Catalog], Iterator[dict[str, Any]]]
INFORMATION_SCHEMA: Mapping[str, tuple[Mapping[str, pa.DataType], _Rows]] = {
    "schemata": ({"catalog_name": _TEXT, "schema_name": _TEXT}, _schemata),
    "tables": (
        {
            **_NAME,
            "table_type": _TEXT,
            "is_insertable_into": _TEXT,
            "table_comment": _TEXT,
            "partitioned_by": _TEXT,
            "sorted_by": _TEXT,
        },
        _tables,
    ),
    "columns": (
        {
            **_NAME,
            "column_name": _TEXT,
            "ordinal_position": _NUMBER,
            "column_default": _TEXT,
            "is_nullable": _TEXT,
            "data_type": _TEXT,
            "character_maximum_length": _NUMBER,
            "numeric_precision": _NUMBER,
            "numeric_precision_radix": _NUMBER,
            "numeric_scale": _NUMBER,
            "datetime_precision": _NUMBER,
            "column_comment": _TEXT,
        },
        _columns,
    ),
    "views": ({**_NAME, "view_definition": _TEXT, "check_option": _TEXT, "is_updatable": _TEXT}, _views),
    "table_constraints": ({**_CONSTRAINT, **_NAME, "constraint_type": _TEXT}, _constraints),
    "key_column_usage": ({**_CONSTRAINT, **_NAME, "column_name": _TEXT, "ordinal_position": _NUMBER}, _key_columns),
}
"""By name in lower case: the columns of the relation, and the maker of its rows."""
