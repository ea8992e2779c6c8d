"""What the values of a table's columns are like, counted over the rows and columns that the caller sees, and no others.

It is a query like any other, through the view chain, so that it is exact and tells no caller of what is hidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from supertable.application.ports.engines import Limits
from supertable.application.queries.run_query import RunQuery
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import TableInfo
from supertable.domain.access.roles import Permission
from supertable.domain.schema.types import NESTED, Field


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """`distinct` is about how many different values there are, to a few percent. `low` and `high` hold one value each.

    Of nested columns only the nulls are counted.
    """

    name: str
    type: str
    nulls: int
    distinct: int | None = None
    low: pa.Array | None = None
    high: pa.Array | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the table's newest version. `files` and `bytes`: None for callers who see only a part of the table."""

    table: str
    version: int
    rows: int
    files: int | None
    bytes: int | None
    columns: list[ColumnStatistics]


class TableStatistics:
    def __init__(self, tables: Tables, run_query: RunQuery) -> None:
        self._tables = tables
        self._run_query = run_query

    def __call__(self, namespace: Namespace, name: str, limits: Limits) -> Statistics:
        """Reads all rows. Raises `TableNotFound`, and what queries raise."""
        table = self._tables.open(namespace, name, Permission.READ)
        row = self._first_row(namespace, _statement(table), limits)
        counted = iter(row.columns)
        rows = next(counted)[0].as_py()
        info = TableInfo.of(table)
        columns = [_column(column, rows, counted) for column in table.schema.fields]
        return Statistics(info.name, info.version, rows, info.files, info.bytes, columns)

    def _first_row(self, namespace: Namespace, sql: str, limits: Limits) -> pa.RecordBatch:
        running = self._run_query.run(self._run_query.prepare(namespace, sql), (), limits)
        try:
            return running.reader.read_next_batch()
        finally:
            running.close()


def _statement(table: OpenTable) -> str:
    counts = ", ".join(["count(*)", *(part for column in table.schema.fields for part in _parts(column))])
    return f"SELECT {counts} FROM {_quoted(table.name)} AT (VERSION => {table.snapshot.version})"


def _parts(column: Field) -> list[str]:
    name = _quoted(column.name)
    nested = column.type.name in NESTED
    return [f"count({name})", *([] if nested else [f"approx_count_distinct({name})", f"min({name})", f"max({name})"])]


def _column(column: Field, rows: int, counted: Iterator[pa.Array]) -> ColumnStatistics:
    nulls = rows - next(counted)[0].as_py()
    if column.type.name in NESTED:
        return ColumnStatistics(column.name, str(column.type), nulls)
    distinct = next(counted)[0].as_py()
    return ColumnStatistics(column.name, str(column.type), nulls, distinct, next(counted), next(counted))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
