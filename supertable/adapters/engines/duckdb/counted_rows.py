"""The answer of a statement that only counts the rows of a relation, which the snapshot knows."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pyarrow as pa

from supertable.adapters.engines.duckdb.scan.source_sql import all_rows, row_count
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.application.ports.engines.parsed_statements import Parameters, Statement
from supertable.application.ports.engines.running_queries import EncodedRows, Limits
from supertable.application.ports.engines.sources import Scans
from supertable.domain.errors import QueryCancelled


class CountedRows:
    """A `RunningQuery` of one row, for which nothing runs."""

    instead = ""

    def __init__(self, column: str, rows: int) -> None:
        count = pa.py_buffer(rows.to_bytes(8, sys.byteorder))  # `pa.array` imports pandas if that is installed
        self._reader = pa.table([pa.Array.from_buffers(pa.int64(), 1, [None, count])], [column]).to_reader()
        self._stopped = False

    @property
    def reader(self) -> pa.RecordBatchReader:
        if self._stopped:
            raise QueryCancelled
        return self._reader

    def encoded(self) -> Iterator[EncodedRows] | None: ...

    def cancel(self) -> None:
        self._stopped = True

    close = cancel


def counted_rows(statement: Statement, scans: Scans, parameters: Parameters, limits: Limits) -> CountedRows | None:
    """The answer, if it takes no more than the snapshots and breaks no rule of a query that runs; else None."""
    assert isinstance(statement, DuckDBStatement)
    if not only_counts(statement, parameters, limits) or not all_rows(scans[0]):
        return None
    return CountedRows(statement.count_column, row_count(scans[0]))


def only_counts(statement: DuckDBStatement, parameters: Parameters, limits: Limits) -> bool:
    """Whether the number of the rows of relation 0 is the answer, which breaks no rule of a query that runs."""
    return bool(statement.count_column) and not parameters and limits.max_rows != 0
