"""A query that runs on a cluster: its stream of rows, its limits, and its cancellation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from supertable.adapters.engines.spark.errors import ConnectionLost, SparkError, lost_midway, translated
from supertable.adapters.engines.spark.sessions.fetched import fetched_array
from supertable.adapters.engines.spark.sessions.session import Session
from supertable.adapters.engines.spark.translation.results import wire_type
from supertable.adapters.engines.spark.translation.translator import SparkQuery
from supertable.application.ports.engines.running_queries import EncodedRows, Limits
from supertable.domain.errors import QueryCancelled, QueryTimeout, ResultTooLarge, SupertableError

BATCH_ROWS = 16_384
_GRACE_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Work:
    """What a query does. `take` opens its session, `steps` make the views, in order, `end` releases what they hold."""

    take: Callable[[], Session]
    steps: Sequence[Callable[[], str]]
    query: SparkQuery
    end: Callable[[], None]


class SparkRun:
    """It starts at the first access to `reader`. The time limit counts the time of the cluster only, not that of the
    caller between two batches. After the last row, on an error, or by `close`, its session ends."""

    instead = ""

    def __init__(self, work: Work, limits: Limits) -> None:
        self._state = _State(work, limits)
        self._reader: pa.RecordBatchReader | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        if self._reader is None:
            state = self._state
            state.start()
            self._reader = pa.RecordBatchReader.from_batches(state.schema, iter(state.next_batch, None))
        return self._reader

    def encoded(self) -> Iterator[EncodedRows] | None: ...

    def cancel(self) -> None:
        self._state.cancel()

    def close(self) -> None:
        self._state.close()


class _State:
    """It has no reference to the run or its reader, since a cycle through Arrow's reader is never freed."""

    def __init__(self, work: Work, limits: Limits) -> None:
        self.schema = work.query.schema
        self._work = work
        self._limits = limits
        self._seconds_left = limits.timeout_seconds
        self._rows_taken = 0
        self._session: Session | None = None
        self._over = False
        self._stopped = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._lock = threading.Lock()

    def start(self) -> None:
        self._within_limit(self._begin)

    def next_batch(self) -> pa.RecordBatch | None:
        """The next rows. After the last, returns None and ends the session. Raises `ResultTooLarge`."""
        batch = self._within_limit(self._fetched)
        self._rows_taken += batch.num_rows if batch is not None else 0
        too_many = self._limits.max_rows is not None and self._rows_taken > self._limits.max_rows
        if batch is None or too_many:
            self.close()
        if too_many:
            raise ResultTooLarge(self._limits.max_rows or 0)
        return batch

    def cancel(self) -> None:
        self._stopped.set()
        if not self._idle.is_set():
            threading.Thread(target=self._force, daemon=True).start()

    def close(self) -> None:
        self._stopped.set()
        with self._lock:
            over, self._over = self._over, True
            session, self._session = self._session, None
        if not over:
            threading.Thread(target=self._end, args=(session,), daemon=True).start()

    def _begin(self, ends_at: float | None) -> None:
        session = self._work.take()
        with self._lock:
            self._session = session
        for step in self._work.steps:
            session.execute(step(), ends_at, self._stopped.is_set)
        session.execute(self._work.query.sql, ends_at, self._stopped.is_set)

    def _fetched(self, ends_at: float | None) -> pa.RecordBatch | None:
        if self._session is None:
            return None
        columns = self._session.rows(BATCH_ROWS, ends_at, self._stopped.is_set)
        kinds = self._work.query.kinds
        arrays = [fetched_array(column, wire_type(kind)) for column, kind in zip(columns, kinds, strict=True)]
        return self._work.query.batch(arrays) if arrays and len(arrays[0]) else None

    def _within_limit(self, work: Callable[[float | None], pa.RecordBatch | None]) -> pa.RecordBatch | None:
        started = time.monotonic()
        ends_at = None if self._seconds_left is None else started + self._seconds_left
        try:
            if self._stopped.is_set():
                raise QueryCancelled
            self._idle.clear()
            return work(ends_at)
        except BaseException as error:
            raised = self._raised(error, ends_at)
            self.close()
            if raised is error:
                raise
            raise raised from None
        finally:
            self._idle.set()
            if self._seconds_left is not None:
                self._seconds_left -= time.monotonic() - started

    def _raised(self, error: BaseException, ends_at: float | None) -> BaseException:
        """The error to raise for `error`."""
        if not isinstance(error, SupertableError | SparkError | ConnectionLost):
            return error
        if self._stopped.is_set():
            return QueryCancelled()
        if isinstance(error, QueryTimeout) or (ends_at is not None and time.monotonic() > ends_at):
            return QueryTimeout(self._limits.timeout_seconds or 0)
        if isinstance(error, SparkError):
            return translated(error, self._limits.timeout_seconds)
        return lost_midway() if isinstance(error, ConnectionLost) else error

    def _force(self) -> None:
        """Ends a call that does not end by itself: cancels its statement, and then ends the connection."""
        for end in ("cancel", "abort"):
            if self._idle.wait(_GRACE_SECONDS):
                return
            session = self._session
            try:
                if session is not None:
                    getattr(session, end)()
            except (ConnectionLost, SparkError):
                pass

    def _end(self, session: Session | None) -> None:
        self._idle.wait(_GRACE_SECONDS)
        if session is not None:
            session.close()
        self._work.end()
