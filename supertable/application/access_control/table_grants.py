"""Rules for single tables, by the permanent ids of the tables and columns that the caller names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from supertable.application.ports.engines.row_filters import RowFilterParser
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.masks import Mask, parsed_mask
from supertable.domain.access.roles import Permission, TableRule
from supertable.domain.errors import InvalidInput, InvalidSchema
from supertable.domain.names import MAX_COLUMN_NAME_LENGTH, checked_text
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import Field


class TableGrants:
    def __init__(self, tables: Tables, filters: RowFilterParser) -> None:
        self._tables = tables
        self._filters = filters

    def rule(
        self,
        namespace: Namespace,
        table: str,
        columns: Sequence[str] | None,
        masks: Mapping[str, str],
        where: str | None,
    ) -> TableRule:
        """The rule, for the columns of the table's newest version; see `ManageRoles.grant_rule`."""
        opened = self._tables.open(namespace, table, Permission.CONTROL)
        schema = opened.snapshot.schema
        visible = None if columns is None else _visible(schema, columns)
        return TableRule(
            supertable=namespace.supertable,
            table_id=opened.entry.table_id,
            name=opened.name,
            columns=visible,
            masks=_masks(schema, visible, masks),
            filter=None if where is None else self._filters.parse(where, schema),
        )


def _visible(schema: Schema, columns: Sequence[str]) -> frozenset[int]:
    if not columns:
        raise InvalidInput("A rule must show at least one column. To hide the table, revoke it from the role.")
    return frozenset(_column(schema, name).id for name in columns)


def _masks(schema: Schema, visible: frozenset[int] | None, masks: Mapping[str, str]) -> dict[int, Mask]:
    parsed: dict[int, Mask] = {}
    for name, text in masks.items():
        column = _column(schema, name)
        if visible is not None and column.id not in visible:
            raise InvalidSchema(name, "it has a mask, but is not among the visible columns")
        parsed[column.id] = parsed_mask(text)
        parsed[column.id].masked_type(column.type)  # raises if the mask does not fit the type
    return parsed


def _column(schema: Schema, name: str) -> Field:
    column = schema.find(checked_text("The name of a column", name, MAX_COLUMN_NAME_LENGTH))
    if column is None:
        raise InvalidSchema(name, "the table has no such column")
    return column
