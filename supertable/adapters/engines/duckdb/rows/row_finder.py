"""The row finder port, implemented by DuckDB: probes data files for keys and predicates."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa

from supertable.adapters.engines.duckdb.damaged_files import error_context
from supertable.adapters.engines.duckdb.errors import ENGINE_ERRORS, translated
from supertable.adapters.engines.duckdb.governed.governed_query import sandbox_errors
from supertable.adapters.engines.duckdb.governed.visible_rows import VisibleRelations, VisibleRows
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.interrupts import interruptible
from supertable.adapters.engines.duckdb.rows.delete_predicates import RowPredicate, checked_predicate
from supertable.adapters.engines.duckdb.rows.live_rows import LiveRows
from supertable.adapters.engines.duckdb.running_query import streamed
from supertable.adapters.engines.duckdb.scan.kept_bitmaps import KeptBitmaps
from supertable.adapters.engines.duckdb.scan.query_sources import Positions, Sources
from supertable.adapters.engines.duckdb.scan.scan_sql import (
    scan_sql,
    scan_with_dead_rows_sql,
    unused_name,
    unused_positions,
)
from supertable.adapters.engines.duckdb.statement.conditions.constant_evaluation import evaluator
from supertable.adapters.engines.duckdb.types import duckdb_type, quoted
from supertable.application.ports.engines.callers import Caller
from supertable.application.ports.engines.file_sources import FileSource
from supertable.application.ports.engines.row_finders import CheckedPredicate, ConditionScope, KeyMatches
from supertable.application.storage.positions import distinct
from supertable.domain.layout.layouts import SortColumn
from supertable.domain.scan.scan_plan import Scan
from supertable.domain.schema.schemas import Schema

_BATCH = "st_batch"
_MATCHES = pa.schema([("file", pa.int64()), ("row", pa.int64()), ("number", pa.int64()), ("newer", pa.bool_())])
Found = dict[str, pa.Array]


class DuckDBRowFinder:
    """Results are exact. Keys are compared as DuckDB compares them, with NaN and nulls equal to themselves."""

    def __init__(self, instance: DuckDBInstance, sandbox: DuckDBInstance, stored: FileSource) -> None:
        """`sandbox`: see `DuckDBEngine`."""
        self._instance = instance
        self._sandbox = sandbox
        self._stored = KeptBitmaps(stored)

    def duplicates(
        self, batch: pa.Table, keys: Sequence[str], sequence: str | None, first_wins: bool = False
    ) -> pa.Array | None:
        columns = _columns(keys, sequence)
        number = unused_name("st_number", columns)
        group = ", ".join(quoted(key) for key in keys)
        newest = f"max({number})" if sequence is None else f"arg_max({number}, {_order(sequence, number)})"
        winner = f"min({number})" if first_wins else newest
        with self._opened(Sources(self._stored, guard_deleted=False)) as cursor:
            cursor.register(_BATCH, _numbered(batch, columns, number))
            kept = _execute(cursor, f"SELECT {winner} AS n FROM {_BATCH} GROUP BY {group} ORDER BY n").read_all()
        return None if kept.num_rows == batch.num_rows else kept["n"].combine_chunks()

    def matching_keys(self, scan: Scan, batch: pa.Table, keys: Sequence[str], sequence: str | None) -> KeyMatches:
        columns = _columns(keys, sequence)
        number, at = unused_name("st_number", columns), unused_positions(scan.schema)
        sources = Sources(self._stored, guard_deleted=False)
        stale = "false" if sequence is None else _newer(f"f.{quoted(sequence)}", f"b.{quoted(sequence)}")
        sql = (
            f"WITH b AS MATERIALIZED ({_typed(scan.schema, columns, number)}) "
            f"SELECT f.{at.file}, f.{at.row}, b.{number}, {stale} AS stale "
            f"FROM ({scan_with_dead_rows_sql(scan, sources, columns, at)}) AS f JOIN b ON {_keys_equal(batch, keys)}"
        )
        alive = LiveRows(scan, self._stored)
        with self._opened(sources) as cursor:
            cursor.register(_BATCH, _numbered(batch, columns, number))
            found = pa.concat_tables(
                [_MATCHES.empty_table(), *(_matches(hits, alive) for hits in _execute(cursor, sources.placed(sql)))]
            )
        newer = found["newer"].to_numpy()
        numbers = found["number"].to_numpy()
        superseded = found.filter(pa.array(~newer)).sort_by([("file", "ascending"), ("row", "ascending")])
        return KeyMatches(
            _by_file(scan, superseded.to_batches()),
            by=pa.array(distinct(numbers[~newer]), pa.int64()),
            stale=pa.array(distinct(numbers[newer]), pa.int64()),
        )

    def matching_predicate(self, scan: Scan, predicate: CheckedPredicate, caller: Caller | None = None) -> Found:  # noqa: ARG002
        assert isinstance(predicate, RowPredicate)
        at = unused_positions(scan.schema)
        sees_part = scan.access is not None
        sources = Sources(self._stored, guard_deleted=predicate.may_fail and not sees_part)
        rows = scan_sql(scan, sources, list(predicate.columns), at)
        if not sees_part:
            return self._found(scan, sources, at, f"FROM ({rows}) WHERE {predicate.text}")
        visible = VisibleRelations([("st_rows", VisibleRows(self._instance, rows, sources), False)])
        sql = _ordered(at, f"FROM st_rows WHERE {predicate.text}")
        with self._opened_in_sandbox(visible) as cursor:
            return _by_file(scan, _execute(cursor, sql, visible.interrupt))

    @contextmanager
    def completed(self, given: Scan, table: Scan, keys: Sequence[str]) -> Iterator[pa.RecordBatchReader]:
        sources = Sources(self._stored, guard_deleted=False)
        columns = [f"{'g' if given.schema.find(name) else 't'}.{quoted(name)}" for name in table.schema.names]
        pairs = " AND ".join(f"g.{quoted(key)} IS NOT DISTINCT FROM t.{quoted(key)}" for key in keys)
        sql = (
            f"SELECT {', '.join(columns)} FROM ({scan_sql(given, sources)}) AS g "
            f"LEFT JOIN ({scan_sql(table, sources)}) AS t ON {pairs}"
        )
        with self._opened(sources) as cursor:
            yield _execute(cursor, sources.placed(sql))

    def superseded(self, scan: Scan, keys: Sequence[str], sequence: str | None, first_wins: bool = False) -> Found:
        at = unused_positions(scan.schema)
        sources = Sources(self._stored, guard_deleted=False)
        rows = scan_sql(scan, sources, _columns(keys, sequence), at)
        newest = [f"{quoted(sequence)} DESC NULLS LAST"] if sequence else []
        order = f"{at.file}, {at.row}" if first_wins else ", ".join([*newest, f"{at.file} DESC", f"{at.row} DESC"])
        group = ", ".join(quoted(key) for key in keys)
        ranked = f"QUALIFY row_number() OVER (PARTITION BY {group} ORDER BY {order}) > 1"
        return self._found(scan, sources, at, f"FROM ({rows}) {ranked}")

    @contextmanager
    def live_rows(self, scan: Scan, order_by: Sequence[SortColumn]) -> Iterator[pa.RecordBatchReader]:
        at = unused_positions(scan.schema)
        sources = Sources(self._stored, guard_deleted=False)
        sql = scan_sql(scan, sources, positions=at)
        if order_by:
            columns = [f"{quoted(by.name)} {'DESC' if by.descending else 'ASC'} NULLS LAST" for by in order_by]
            order = ", ".join([*columns, at.file, at.row])
            sql = f"FROM ({sql}) ORDER BY {order}"
        with self._opened(sources) as cursor:
            yield _execute(cursor, sources.placed(sql))

    @contextmanager
    def key_rows(self, scan: Scan, columns: Sequence[str], hashed: Sequence[str]) -> Iterator[pa.RecordBatchReader]:
        at = unused_positions(scan.schema)
        sources = Sources(self._stored, guard_deleted=False)
        rows = scan_with_dead_rows_sql(scan, sources, list(dict.fromkeys(columns)), at)
        shown = [*map(quoted, columns), *([_hash(hashed)] if hashed else []), at.file, at.row]
        with self._opened(sources) as cursor:
            yield _execute(cursor, sources.placed(f"SELECT {', '.join(shown)} FROM ({rows})"))

    def hashed_keys(self, schema: Schema, batch: pa.Table, keys: Sequence[str]) -> pa.Table:
        number = unused_name("st_number", keys)
        with self._opened(Sources(self._stored, guard_deleted=False)) as cursor:
            cursor.register(_BATCH, _numbered(batch, keys, number))
            columns = ", ".join([*map(quoted, keys), _hash(keys)])
            sql = f"SELECT {columns} FROM ({_typed(schema, keys, number)}) ORDER BY {number}"
            return _execute(cursor, sql).read_all()

    def check_predicate(
        self,
        text: str,
        schema: Schema,
        caller: Caller | None = None,  # noqa: ARG002
        scope: ConditionScope | None = None,
    ) -> CheckedPredicate:
        cursor = self._instance.cursor()
        try:
            return checked_predicate(cursor, text, schema, evaluator(self._instance), scope or ConditionScope())
        finally:
            cursor.close()

    def _found(self, scan: Scan, sources: Sources, at: Positions, rest: str) -> Found:
        with self._opened(sources) as cursor:
            return _by_file(scan, _execute(cursor, sources.placed(_ordered(at, rest))))

    @contextmanager
    def _opened(self, sources: Sources) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._instance.cursor()
        stopped = threading.Event()
        try:
            sources.bind(cursor, stopped.is_set)
            yield cursor
        except ENGINE_ERRORS as error:
            raise translated(error, error_context(self._instance, sources, {})) from None
        finally:
            stopped.set()  # the cursor waits for the reads that its query makes through us
            cursor.close()
            sources.close()

    @contextmanager
    def _opened_in_sandbox(self, visible: VisibleRelations) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._sandbox.cursor()
        stopped = threading.Event()
        try:
            visible.bind(cursor, stopped.is_set)
            yield cursor
        except ENGINE_ERRORS as error:
            raise translated(error, sandbox_errors(self._sandbox, visible, {})) from None
        finally:
            stopped.set()
            cursor.close()
            visible.close()


def _execute(
    cursor: duckdb.DuckDBPyConnection, sql: str, interrupt: Callable[[], None] = lambda: None
) -> pa.RecordBatchReader:
    def stop() -> None:
        cursor.interrupt()
        interrupt()

    return interruptible(stop, lambda: streamed(cursor, sql))


def _ordered(at: Positions, rest: str) -> str:
    return f"SELECT {at.file}, {at.row} {rest} ORDER BY {at.file}, {at.row}"


def _matches(hits: pa.RecordBatch, alive: LiveRows) -> pa.Table:
    """The hits on live rows."""
    found = pa.Table.from_arrays(hits.columns, schema=_MATCHES)
    return found.filter(pa.array(alive.among(hits.column(0).to_numpy(), hits.column(1).to_numpy())))


def _columns(keys: Sequence[str], sequence: str | None) -> list[str]:
    return [*keys, *([] if sequence is None or sequence in keys else [sequence])]


def _numbered(batch: pa.Table, columns: Sequence[str], number: str) -> pa.Table:
    """These columns of the batch, and the number of each row."""
    return batch.select(columns).append_column(number, pa.array(np.arange(batch.num_rows)))


def _hash(columns: Sequence[str]) -> str:
    return f"hash({', '.join(map(quoted, columns))}) AS {unused_name('st_hash', columns)}"


def _order(sequence: str, number: str) -> str:
    """SQL of a sort key: by the sequence, nulls lowest, then by position in the batch."""
    name = quoted(sequence)
    return f"{{'known': {name} IS NOT NULL, 'value': {name}, 'place': {number}}}"


def _newer(one: str, other: str) -> str:
    """SQL for whether sequence value `one` is above `other`, nulls lowest."""
    return f"({one} IS NOT NULL AND ({other} IS NULL OR {one} > {other}))"


def _typed(schema: Schema, columns: Sequence[str], number: str) -> str:
    """SQL of the batch with the types of the table's columns.

    Materialized, no condition of a join reaches the scan of Arrow data, whose comparisons differ from DuckDB's.
    """
    fields = [(name, schema.find(name)) for name in columns]
    casts = [f"CAST({quoted(name)} AS {duckdb_type(field.type)}) AS {quoted(name)}" for name, field in fields if field]
    return f"SELECT {', '.join(casts)}, {number} FROM {_BATCH}"


def _keys_equal(batch: pa.Table, keys: Sequence[str]) -> str:
    """SQL that compares keys, nulls equal. Without nulls in the batch, plain `=` lets DuckDB skip row groups."""
    operators = ["IS NOT DISTINCT FROM" if batch[key].null_count else "=" for key in keys]
    pairs = zip(keys, operators, strict=True)
    return " AND ".join(f"f.{quoted(key)} {operator} b.{quoted(key)}" for key, operator in pairs)


def _by_file(scan: Scan, batches: Iterable[pa.RecordBatch]) -> Found:
    """Distinct positions by data file path. The batches start with file and row, and are sorted by both."""
    parts: dict[int, list[np.ndarray]] = {}
    for batch in batches:
        numbers, rows = batch.column(0).to_numpy(), batch.column(1).to_numpy()
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        ends = [*starts[1:], len(rows)]
        for number, start, end in zip(numbers[starts], starts, ends, strict=True):
            parts.setdefault(int(number), []).append(rows[start:end])
    files = scan.files
    return {files[number].path: pa.array(distinct(np.concatenate(found))) for number, found in parts.items()}
