"""Rows of one table in pages: filtered, ordered, and all from the version of the first page.

A page is a query like any other: it runs under the caller's role, so a position, wherever it comes from, shows nothing
that the role does not see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from supertable.application.queries.row_pages.row_filters import OrderedColumn, Parameters, filter_sql, ordered_columns
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.names import quoted
from supertable.domain.schema.types import NESTED

_MOST_POSITION_COLUMNS = 16
_MOST_POSITION_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: `skip` rows after the first one whose leading order columns are not before `values`.

    `values` are texts as `filter_values` reads them; None: null. There may be fewer than order columns, or none.
    """

    version: int
    values: tuple[str | None, ...] = ()
    skip: int = 0


@dataclass(frozen=True, slots=True)
class RowsRequest:
    """Which rows of a table. `filters`, `order`: see `row_filters`. `version`: None: the newest. `limit`: of a page."""

    table: str
    filters: Sequence[str] = ()
    order: Sequence[str] = ()
    limit: int = 100
    version: int | None = None


@dataclass(frozen=True, slots=True)
class RowsStatement:
    """The query of a page, which returns one row more than the page has if it is not the last.

    `position_columns`: the columns that, with `start`, make up the position of the next page.
    """

    sql: str
    parameters: dict[str, Any]
    position_columns: tuple[str, ...]
    start: Position

    def position_after(self, rows: int, text: Callable[[str, int], str | None]) -> Position:
        """The position after the `rows` rows of a page; `text(column, row)` is the text of a value."""

        def leading(row: int, count: int) -> tuple[str | None, ...]:
            return tuple(text(name, row) for name in self.position_columns[:count])

        count = _fitting(leading(rows - 1, len(self.position_columns)))
        last = leading(rows - 1, count)
        equal = next((back for back in range(1, rows) if leading(rows - 1 - back, count) != last), rows)
        if equal == rows:
            return Position(self.start.version, self.start.values, self.start.skip + rows)
        return Position(self.start.version, last, equal)


def rows_statement(tables: Tables, namespace: Namespace, request: RowsRequest, start: Position | None) -> RowsStatement:
    """The query of the page at `start`; None: of the first. Raises `InvalidInput` and its kinds, and what opening a
    table raises."""
    table = tables.open(namespace, request.table, Permission.READ)
    version = start.version if start else request.version
    table = tables.as_of(table, version) if version is not None else table
    start = start or Position(table.snapshot.version)
    parameters = Parameters()
    order = ordered_columns(request.order, table.schema)
    conditions = [filter_sql(text, table.schema, parameters) for text in request.filters]
    position, rest = _complete_order(table, order)
    if start.values:
        conditions.append(_not_before(position[: len(start.values)], start.values, parameters))
    where = f" WHERE {' AND '.join(f'({condition})' for condition in conditions)}" if conditions else ""
    by = ", ".join(column.sql for column in [*position, *rest])
    sql = (
        f"SELECT * FROM {quoted(namespace.supertable)}.{quoted(table.name)} AT (VERSION => {start.version}){where} "
        f"ORDER BY {by} LIMIT {request.limit + 1} OFFSET {start.skip}"
    )
    return RowsStatement(sql, parameters.values, tuple(column.column.name for column in position), start)


def _complete_order(table: OpenTable, order: list[OrderedColumn]) -> tuple[list[OrderedColumn], list[OrderedColumn]]:
    """The columns of positions, and those that decide between rows with equal positions, if there can be any."""
    named = {column.column.name for column in order}
    others = [OrderedColumn(column) for column in table.schema.fields if column.name not in named]
    keys = table.snapshot.key_names
    if keys and table.access is None:
        by_name = {other.column.name.lower(): other for other in others}
        return [*order, *(by_name[key.lower()] for key in keys if key.lower() in by_name)], []
    plain = [*order, *(other for other in others if other.column.type.name not in NESTED)]
    nested = [other for other in others if other.column.type.name in NESTED]
    return plain[:_MOST_POSITION_COLUMNS], [*plain[_MOST_POSITION_COLUMNS:], *nested]


def _not_before(columns: Sequence[OrderedColumn], values: Sequence[str | None], parameters: Parameters) -> str:
    """The condition that a row is not before the values in the order of the columns."""
    name, value = quoted(columns[0].column.name), values[0]
    if value is None:
        after, equal = "FALSE", f"{name} IS NULL"
    else:
        bound = parameters.add(columns[0].column, value)
        after = f"{name} {'<' if columns[0].descending else '>'} {bound} OR {name} IS NULL"
        equal = f"{name} = {bound}"
    rest = f" AND ({_not_before(columns[1:], values[1:], parameters)})" if columns[1:] else ""
    return f"{after} OR {equal}{rest}"


def _fitting(values: Sequence[str | None]) -> int:
    """How many of the leading values are short enough for a position."""
    characters = 0
    for count, value in enumerate(values):
        characters += len(value or "")
        if characters > _MOST_POSITION_CHARACTERS:
            return count
    return len(values)
