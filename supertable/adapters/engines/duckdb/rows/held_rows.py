"""The row holder port, implemented by DuckDB: a temporary table, which spills to disk, joined with the stored rows.

Only SQL of ours runs here, so that values which the caller does not see never meet expressions of the caller.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.damaged_files import error_context
from supertable.adapters.engines.duckdb.errors import ENGINE_ERRORS, translated
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.running_query import streamed
from supertable.adapters.engines.duckdb.scan.kept_bitmaps import KeptBitmaps
from supertable.adapters.engines.duckdb.scan.query_sources import Sources
from supertable.adapters.engines.duckdb.scan.scan_sql import scan_with_dead_rows_sql, unused_positions
from supertable.adapters.engines.duckdb.types import duckdb_type, quoted
from supertable.application.ports.engines.file_sources import FileSource
from supertable.application.ports.engines.updates import HeldRows, NewRows
from supertable.application.storage.arrow.arrow_encodings import readable_field
from supertable.domain.scan.scan_plan import ROWS_OF_FILE, Scan
from supertable.domain.schema.types import Field

_HELD, _STORED, _BATCH = "st_held", "st_stored", "st_batch"


class DuckDBRowHolder:
    def __init__(self, instance: DuckDBInstance, stored: FileSource) -> None:
        self._instance = instance
        self._stored = KeptBitmaps(stored)

    @contextmanager
    def hold(self, values: Sequence[Field]) -> Iterator[HeldRows]:
        sources = Sources(self._stored, guard_deleted=False)
        cursor = self._instance.cursor()
        stopped = threading.Event()
        try:
            yield _Held(cursor, sources, stopped, values)
        except ENGINE_ERRORS as error:
            raise translated(error, error_context(self._instance, sources, {})) from None
        finally:
            stopped.set()  # the cursor waits for the reads that its query makes through us
            cursor.close()
            sources.close()


class _Held:
    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, sources: Sources, stopped: threading.Event, values: Sequence[Field]
    ) -> None:
        self._cursor = cursor
        self._sources = sources
        self._stopped = stopped
        columns = ["row BIGINT", "action BIGINT", *(f"value_{n} {duckdb_type(f.type)}" for n, f in enumerate(values))]
        cursor.execute(f"CREATE TEMP TABLE {_HELD} ({', '.join(columns)})")

    def add(self, rows: pa.Table) -> None:
        self._cursor.register(_BATCH, rows.cast(pa.schema(map(readable_field, rows.schema))))
        self._cursor.execute(f"INSERT INTO {_HELD} FROM {_BATCH}")
        self._cursor.unregister(_BATCH)

    def located(self) -> Iterator[pa.RecordBatch]:
        sql = f"SELECT row, action FROM {_HELD} WHERE row IS NOT NULL ORDER BY row"
        yield from streamed(self._cursor, sql)

    def completed(self, table: Scan, numbers: Sequence[int], plan: NewRows) -> pa.RecordBatchReader:
        fields = table.schema.fields
        columns = [f"{_new_value(field, plan.values.get(field.name, {}))} AS {quoted(field.name)}" for field in fields]
        made = ", ".join(map(str, sorted(plan.updates | plan.inserts)))
        stored = self._stored_rows(table, numbers) if plan.updates else _no_row(table)
        sql = f"SELECT {', '.join(columns)} FROM {_HELD} {stored} WHERE {_HELD}.action IN ({made})"
        self._sources.bind(self._cursor, self._stopped.is_set)
        return streamed(self._cursor, self._sources.placed(sql))

    def _stored_rows(self, table: Scan, numbers: Sequence[int]) -> str:
        """SQL that joins the stored rows, dead ones included, by file and position: DuckDB then skips row groups."""
        at = unused_positions(table.schema)
        rows = scan_with_dead_rows_sql(table, self._sources, table.schema.names, at)
        number = f"list_extract([{', '.join(map(str, numbers))}], {_STORED}.{at.file} + 1)"
        return (
            f"LEFT JOIN ({rows}) AS {_STORED} "
            f"ON {_HELD}.row % {ROWS_OF_FILE} = {_STORED}.{at.row} AND {_HELD}.row // {ROWS_OF_FILE} = {number}"
        )


def _no_row(table: Scan) -> str:
    nulls = ", ".join(f"NULL::{duckdb_type(field.type)} AS {quoted(field.name)}" for field in table.schema.fields)
    return f", (SELECT {nulls}) AS {_STORED}"


def _new_value(field: Field, values: Mapping[int, int]) -> str:
    stored = f"{_STORED}.{quoted(field.name)}"
    cases = "".join(f" WHEN {action} THEN {_HELD}.value_{number}" for action, number in values.items())
    return f"CASE {_HELD}.action{cases} ELSE {stored} END" if cases else stored
