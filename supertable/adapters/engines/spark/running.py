"""A query that runs on a cluster: its stream of rows, its limits, and its cancellation."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from supertable.adapters.engines.spark.errors import ConnectionLost, SparkError, lost_midway, translated
from supertable.adapters.engines.spark.relations.scan_views import Step
from supertable.adapters.engines.spark.sessions.fetched import fetched_array
from supertable.adapters.engines.spark.sessions.opening import opened
from supertable.adapters.engines.spark.sessions.session import Session
from supertable.adapters.engines.spark.translation.results import wire_type
from supertable.adapters.engines.spark.translation.translator import SparkQuery
from supertable.application.ports.engines.running_queries import EncodedRows, Limits
from supertable.domain.errors import QueryCancelled, QueryTimeout, ResultTooLarge, SupertableError

_FIRST_ROWS, _MOST_ROWS = 256, 16_384
_BATCH_BYTES = 16 * 1024**2
_GRACE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Work:
    """What a query does. `take` opens its session, `steps` make the views, in order, `end` releases what they hold."""

    take: Callable[[], Session]
    steps: Sequence[Step]
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


def rows_of_a_batch(last: pa.RecordBatch) -> int:
    """How many rows to fetch at once after these, so that large values do not fill the memory."""
    return int(max(1, min(_MOST_ROWS, _BATCH_BYTES * last.num_rows // max(last.nbytes, 1))))


class _State:
    """It has no reference to the run or its reader, since a cycle through Arrow's reader is never freed.

    Who holds `_busy` uses the session. Whoever finds the query stopped when its own use ends, ends the session.
    """

    def __init__(self, work: Work, limits: Limits) -> None:
        self.schema = work.query.schema
        self._work = work
        self._limits = limits
        self._seconds_left = limits.timeout_seconds
        self._rows_taken = 0
        self._most_rows = _FIRST_ROWS
        self._session: Session | None = None
        self._over = False
        self._stopped = threading.Event()
        self._busy = threading.Lock()

    def start(self) -> None:
        self._within_limit(self._begin)

    def next_batch(self) -> pa.RecordBatch | None:
        """The next rows. After the last, returns None and ends the session. Raises `ResultTooLarge`."""
        if self._over and not self._stopped.is_set():
            return None
        return self._within_limit(self._fetched)

    def cancel(self) -> None:
        if not self._over:
            self._stopped.set()
            _beside(self._end_soon)

    close = cancel

    def _begin(self, ends_at: float | None) -> None:
        self._session = opened(self._work.take, ends_at, self._stopped.is_set)

        def stopped() -> bool:
            return self._stopped.is_set() or (ends_at is not None and time.monotonic() > ends_at)

        for step in self._work.steps:
            self._session.execute(step(stopped), ends_at, self._stopped.is_set)
        self._session.execute(self._work.query.sql, ends_at, self._stopped.is_set)

    def _fetched(self, ends_at: float | None) -> pa.RecordBatch | None:
        assert self._session is not None
        columns = self._session.rows(self._most_rows, ends_at, self._stopped.is_set)
        kinds = self._work.query.kinds
        arrays = [fetched_array(column, wire_type(kind)) for column, kind in zip(columns, kinds, strict=True)]
        batch = self._work.query.batch(arrays) if arrays and len(arrays[0]) else None
        if batch is None:
            self._end()
            return None
        self._rows_taken += batch.num_rows
        self._most_rows = rows_of_a_batch(batch)
        if self._limits.max_rows is not None and self._rows_taken > self._limits.max_rows:
            raise ResultTooLarge(self._limits.max_rows)
        return batch

    def _within_limit(self, work: Callable[[float | None], pa.RecordBatch | None]) -> pa.RecordBatch | None:
        started = time.monotonic()
        ends_at = None if self._seconds_left is None else started + self._seconds_left
        with self._busy:
            try:
                if self._stopped.is_set():
                    raise QueryCancelled
                return work(ends_at)
            except BaseException as error:
                raised = self._raised(error, ends_at)
                self._stopped.set()
                if raised is error:
                    raise
                raise raised from None
            finally:
                if self._seconds_left is not None:
                    self._seconds_left -= time.monotonic() - started
                if self._stopped.is_set():
                    self._end()

    def _raised(self, error: BaseException, ends_at: float | None) -> BaseException:
        """The error to raise for `error`."""
        if isinstance(error, ResultTooLarge) or not isinstance(error, SupertableError | SparkError | ConnectionLost):
            return error
        if self._stopped.is_set():
            return QueryCancelled()
        if isinstance(error, QueryTimeout) or (ends_at is not None and time.monotonic() > ends_at):
            return QueryTimeout(self._limits.timeout_seconds or 0)
        if isinstance(error, SparkError):
            return translated(error, self._limits.timeout_seconds)
        return lost_midway() if isinstance(error, ConnectionLost) else error

    def _end_soon(self) -> None:
        """Ends a call that does not end by itself: cancels its statement, and then ends the connection."""
        for end in (Session.cancel, Session.abort):
            if self._busy.acquire(timeout=_GRACE_SECONDS):
                break
            if session := self._session:
                with suppress(ConnectionLost):
                    end(session)
        else:
            self._busy.acquire()
        try:
            self._end()
        finally:
            self._busy.release()

    def _end(self) -> None:
        """No-op the second time. Nobody waits for it but the process, which else would leave objects."""
        if not self._over:
            self._over = True
            _beside(partial(self._release, self._session))

    def _release(self, session: Session | None) -> None:
        if session is not None:
            session.close()
        self._work.end()


def _beside(work: Callable[[], None]) -> None:
    """In a thread of its own, if there can be one: an interpreter that ends starts none."""
    try:
        threading.Thread(target=work).start()
    except RuntimeError:
        work()
