"""Statistics of a table's columns, over exactly the rows and columns that the caller sees.

They are computed by an ordinary query, through the view chain, so that they are exact and reveal nothing hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from supertable.application.ports.engines.running_queries import Limits, RunningQuery
from supertable.application.queries.run_query import RunQuery
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.table_info import TableInfo
from supertable.domain.access.roles import Permission
from supertable.domain.names import quoted
from supertable.domain.schema.types import NESTED, Field


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """`nulls`: how many values are null. `distinct`: an estimate, to a few percent, of how many distinct values exist.

    `low` and `high`: arrays of one value, the minimum and maximum. For nested columns only `nulls` is known.
    """

    name: str
    type: str
    nulls: int
    distinct: int | None = None
    low: pa.Array | None = None
    high: pa.Array | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of a table's newest version. `files` and `bytes`: None for callers who see only part of the table."""

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

    def __call__(
        self, namespace: Namespace, name: str, limits: Limits, started: Callable[[RunningQuery], None] | None = None
    ) -> Statistics:
        """Reads all rows. `started` gets the query, to cancel it. Raises `TableNotFound` and what queries raise."""
        table = self._tables.open(namespace, name, Permission.READ)
        row = self._first_row(namespace, _statement(table), limits, started)
        values = iter(row.columns)
        rows = next(values)[0].as_py()
        info = TableInfo.of(table)
        columns = [_column(column, rows, values) for column in table.schema.fields]
        return Statistics(info.name, info.version, rows, info.files, info.bytes, columns)

    def _first_row(
        self, namespace: Namespace, sql: str, limits: Limits, started: Callable[[RunningQuery], None] | None
    ) -> pa.RecordBatch:
        running = self._run_query.run(self._run_query.prepare(namespace, sql), (), limits)
        try:
            if started:
                started(running)
            return running.reader.read_next_batch()
        finally:
            running.close()


def _statement(table: OpenTable) -> str:
    counts = ", ".join(["count(*)", *(part for column in table.schema.fields for part in _aggregates(column))])
    return f"SELECT {counts} FROM {quoted(table.name)} AT (VERSION => {table.snapshot.version})"


def _aggregates(column: Field) -> list[str]:
    name = quoted(column.name)
    nested = column.type.name in NESTED
    return [f"count({name})", *([] if nested else [f"approx_count_distinct({name})", f"min({name})", f"max({name})"])]


def _column(column: Field, rows: int, values: Iterator[pa.Array]) -> ColumnStatistics:
    nulls = rows - next(values)[0].as_py()
    if column.type.name in NESTED:
        return ColumnStatistics(column.name, str(column.type), nulls)
    distinct = next(values)[0].as_py()
    return ColumnStatistics(column.name, str(column.type), nulls, distinct, next(values), next(values))
