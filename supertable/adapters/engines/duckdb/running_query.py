"""A running query: its stream of rows, its limits, and its cancellation."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.deadlines import call_later
from supertable.adapters.engines.duckdb.errors import ENGINE_ERRORS, ErrorContext, translated
from supertable.adapters.engines.duckdb.exact_results import exact_stream
from supertable.adapters.engines.duckdb.interrupts import interruptible
from supertable.application.ports.engines.running_queries import Limits, Stopped
from supertable.domain.errors import QueryCancelled, QueryTimeout, ResultTooLarge, SupertableError

BATCH_ROWS = 65_536
_CLOSE_ATTEMPTS, _CLOSE_SECONDS = 200, 0.05
Result = TypeVar("Result")
Begin = Callable[[duckdb.DuckDBPyConnection, Stopped], pa.RecordBatchReader]
"""Binds the query's sources to its cursor and starts it there."""
Act = Callable[[], None]


def streamed(
    cursor: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: Sequence[Any] | Mapping[str, Any] = (),
    batch_rows: int = BATCH_ROWS,
) -> pa.RecordBatchReader:
    """The rows of a query as a stream. See `exact_stream`."""
    return exact_stream(cursor, sql, parameters, batch_rows)


@dataclass(frozen=True, slots=True)
class Steps:
    """What a query does besides running on its cursor.

    `begin` starts it there. `interrupt`, which any thread may call, stops what it reads from; `end` releases it, and is
    a no-op if called again. `instead`: see `RunningQuery`; it is asked once the query has begun.
    """

    begin: Begin
    interrupt: Act
    end: Act
    instead: Callable[[], str] = str


class DuckDBQuery:
    """A query on its own cursor, which is closed after the last row, on an error, or by `close`.

    It starts at the first access to `reader`, so that the caller can cancel it from the very beginning. The time limit
    counts the time of the engine only, not that of the caller between two batches.
    """

    instead = ""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, steps: Steps, context: ErrorContext, limits: Limits) -> None:
        self._work = _Work(cursor, steps, context, limits)
        self._reader: pa.RecordBatchReader | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        if self._reader is None:
            schema = self._work.start()
            self.instead = self._work.instead() or self.instead
            self._reader = pa.RecordBatchReader.from_batches(schema, iter(self._work.next_batch, None))
        return self._reader

    def encoded(self) -> None: ...

    def cancel(self) -> None:
        self._work.cancel()

    def close(self) -> None:
        self._work.close()


class _Work:
    """The state of a query. It has no reference to the query or its reader, since a reference cycle through Arrow's
    reader is never freed."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, steps: Steps, context: ErrorContext, limits: Limits) -> None:
        self._cursor: duckdb.DuckDBPyConnection | None = cursor
        self._batches: pa.RecordBatchReader | None = None
        self._steps = steps
        self._context = context
        self._limits = limits
        self._seconds_left = limits.timeout_seconds
        self._rows_taken = 0
        self._cancelled = False
        self._expired = False
        """It stays, since the time may end just after the engine has answered a call."""
        self._stopped = threading.Event()
        weakref.finalize(self, self._stopped.set).atexit = False  # see `close`, which a forgotten query lacks
        self._lock = threading.Lock()

    def instead(self) -> str:
        return self._steps.instead()

    def start(self) -> pa.Schema:
        self._batches = self._run_within_limit(lambda cursor: self._steps.begin(cursor, self._stopped.is_set))
        return self._batches.schema

    def next_batch(self) -> pa.RecordBatch | None:
        """The next rows. After the last, returns None and closes the query. Raises `ResultTooLarge`."""
        batch = self._run_within_limit(lambda _: _next(self._batches))
        self._rows_taken += batch.num_rows if batch is not None else 0
        too_many = self._limits.max_rows is not None and self._rows_taken > self._limits.max_rows
        if batch is None or too_many:
            self.close()
        if too_many:
            raise ResultTooLarge(self._limits.max_rows or 0)
        return batch

    def cancel(self) -> None:
        self._cancelled = True
        self._stop()

    def close(self) -> None:
        self._stopped.set()  # the cursor waits for the reads that its query makes through us
        with self._lock:
            cursor, self._cursor = self._cursor, None
            self._batches = None
        if cursor is not None:
            close_cursor(cursor, self._steps.end)

    def _run_within_limit(self, work: Callable[[duckdb.DuckDBPyConnection], Result]) -> Result:
        """Runs `work` within the remaining time. Engine errors are raised as `SupertableError`."""
        cancel_limit = self._limit()
        started = time.monotonic()
        try:
            if self._cancelled or self._cursor is None:
                raise QueryCancelled
            cursor = self._cursor
            return interruptible(self._stop, lambda: work(cursor))
        except KeyboardInterrupt:
            self.close()
            raise
        except (SupertableError, *ENGINE_ERRORS) as error:
            try:
                raise self._error_to_raise(error) from None
            finally:
                self.close()
        finally:
            if cancel_limit is not None and self._seconds_left is not None:
                cancel_limit()
                self._seconds_left -= time.monotonic() - started

    def _error_to_raise(self, error: BaseException) -> SupertableError:
        """The error to raise for `error`. Must be called before the sources are released, to find damaged files."""
        if isinstance(error, SupertableError) and not isinstance(error, QueryCancelled):
            return error
        if self._expired and not self._cancelled:
            return QueryTimeout(self._limits.timeout_seconds or 0)
        return error if isinstance(error, SupertableError) else translated(error, self._context)

    def _limit(self) -> Act | None:
        """Stops the query when its time is over, unless the result is called before; None: it has no limit."""
        if self._seconds_left is None:
            return None

        def expire() -> None:
            self._expired = True
            self._stop()

        return call_later(self._seconds_left, expire)

    def _stop(self) -> None:
        self._stopped.set()
        self._interrupt()

    def _interrupt(self, times: int = 20) -> None:
        """Interrupts the engine, repeatedly, since DuckDB ignores an interrupt that comes before the query starts."""
        with self._lock:
            if self._cursor is None:
                return
            self._cursor.interrupt()
        self._steps.interrupt()
        if times > 1:
            call_later(0.05, lambda: self._interrupt(times - 1))


class PlanQuery:
    """The plan of a query, which starts like others at the first access to `reader`. `shown` makes its rows."""

    instead = ""

    def __init__(self, explained: DuckDBQuery, shown: Callable[[pa.Table], pa.Table]) -> None:
        self._explained = explained
        self._shown = shown
        self._reader: pa.RecordBatchReader | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        if self._reader is None:
            self._reader = self._shown(self._explained.reader.read_all()).to_reader()
        return self._reader

    def encoded(self) -> None: ...

    def cancel(self) -> None:
        self._explained.cancel()

    def close(self) -> None:
        self._explained.close()


def close_cursor(cursor: duckdb.DuckDBPyConnection, end: Act) -> None:
    """Closes the cursor and calls `end`. DuckDB refuses while another thread uses the cursor, so it is interrupted.

    A call that cannot be interrupted for 10 seconds is waited for in the background.
    """
    for _ in range(_CLOSE_ATTEMPTS):
        try:
            cursor.close()
        except duckdb.ResourceInUseException:
            cursor.interrupt()
            time.sleep(_CLOSE_SECONDS)
        else:
            end()
            return
    call_later(_CLOSE_SECONDS, lambda: close_cursor(cursor, end))


def _next(batches: pa.RecordBatchReader | None) -> pa.RecordBatch | None:
    try:
        return None if batches is None else batches.read_next_batch()
    except StopIteration:
        return None
