"""The rows of a relation that the caller may see, made by SQL of ours alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.damaged_files import error_context
from supertable.adapters.engines.duckdb.errors import ENGINE_ERRORS, is_missing_file, translated
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.running_query import BATCH_ROWS, close_cursor, streamed
from supertable.adapters.engines.duckdb.scan.query_sources import Sources, bind_stream
from supertable.application.ports.engines.running_queries import Stopped
from supertable.domain.errors import SupertableError

_BATCH_ROWS = 16_384
"""Measured: smaller batches cost a statement that needs all rows more; larger ones, a statement that needs few."""


def stream_of_sources(
    cursor: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Any,
    sources: Sources,
    stopped: Stopped,
    batch_rows: int = BATCH_ROWS,
) -> pa.RecordBatchReader:
    """Opens the sources and starts the SQL over them. Fetches a local copy again that was removed meanwhile, or tells
    which object is missing."""
    sources.bind(cursor, stopped)
    try:
        return streamed(cursor, sources.placed(sql), parameters, batch_rows)
    except duckdb.Error as error:
        if not is_missing_file(error):
            raise
    sources.close()
    sources.bind(cursor, stopped)
    return streamed(cursor, sources.placed(sql), parameters, batch_rows)


class VisibleRows:
    """A stream of fresh batches without dictionaries and statistics, from a cursor of its own. It is read once."""

    def __init__(self, instance: DuckDBInstance, sql: str, sources: Sources) -> None:
        self._instance = instance
        self._sql = sql
        self._sources = sources
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()
        self._raised: BaseException | None = None
        self._failure: SupertableError | None = None

    def start(self, stopped: Stopped) -> Any:
        """The stream as an Arrow capsule: DuckDB pushes nothing into it, and refuses to read it twice."""
        try:
            self._cursor = self._instance.cursor()
            reader = stream_of_sources(self._cursor, self._sql, (), self._sources, stopped, _BATCH_ROWS)
        except ENGINE_ERRORS as error:
            raise translated(error, error_context(self._instance, self._sources, {})) from None
        return pa.RecordBatchReader.from_batches(reader.schema, self._batches(reader)).__arrow_c_stream__()

    def interrupt(self) -> None:
        with self._lock:
            if self._cursor is not None:
                self._cursor.interrupt()

    def close(self) -> None:
        """No-op the second time."""
        with self._lock:
            cursor, self._cursor = self._cursor, None
        if cursor is not None:
            close_cursor(cursor, self._sources.close)

    def failure(self) -> SupertableError | None:
        """The error of the stream, of which the engine that reads it passes on the text only. To be called before
        `close`, and by the thread that started the stream, since it may look for damaged files."""
        if self._raised is not None and self._failure is None:
            self._failure = translated(self._raised, error_context(self._instance, self._sources, {}))
        return self._failure

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        except ENGINE_ERRORS as error:
            self._raised = error
            raise


class VisibleRelations:
    """The relations of one statement, as streams and tables that are named in the statement's own instance."""

    def __init__(self, relations: Sequence[tuple[str, VisibleRows, bool]], ordered: bool = False) -> None:
        """`relations`: name, rows, and whether the statement needs a table of them, since it may read them twice.

        `ordered`: the rows of tables are in one order.
        """
        self._relations = relations
        self._order = " ORDER BY ALL" if ordered else ""

    def bind(self, cursor: duckdb.DuckDBPyConnection, stopped: Stopped) -> None:
        """Registers each stream under its name, or makes a temporary table of it."""
        for name, rows, as_table in self._relations:
            bind_stream(cursor, name, rows.start(stopped), as_table, self._order)
            if as_table:
                rows.close()

    def interrupt(self) -> None:
        for _, rows, _ in self._relations:
            rows.interrupt()

    def close(self) -> None:
        for _, rows, _ in self._relations:
            rows.close()

    def failure(self) -> SupertableError | None:
        """The first error of the streams."""
        return next(filter(None, (rows.failure() for _, rows, _ in self._relations)), None)
