"""A running query under a lease: no vacuum removes what it reads until its rows are exhausted or it is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

import pyarrow as pa

from supertable.application.ports.engines.running_queries import EncodedRows, RunningQuery
from supertable.application.ports.leases import Lease
from supertable.domain.audit import OK

STOPPED = "stopped"
"""The outcome of a query that was closed before all its rows were read."""

Rows = TypeVar("Rows", pa.RecordBatch, EncodedRows)
OnStart = Callable[[str], None]
"""Called with `RunningQuery.instead` when the query has started."""
OnEnd = Callable[[str, int], None]
"""Called once, with the outcome (`ok`, `STOPPED` or the name of an error) and the number of rows that were read."""


class FirstLease:
    """The lease of a prepared query. Its first run takes it over; each later run needs its own."""

    def __init__(self, lease: Lease) -> None:
        self._lease = [lease]

    def take(self) -> Lease | None:
        """The lease, once; then None."""
        try:
            return self._lease.pop()
        except IndexError:
            return None

    def close(self) -> None:
        """End the lease because the query will not run. No-op if it was taken."""
        lease = self.take()
        if lease:
            lease.close()


class LeasedQuery:
    """A `RunningQuery` that also ends the lease at its end, or when it is garbage-collected."""

    instead = ""

    def __init__(self, running: RunningQuery, lease: Lease, on_start: OnStart, on_end: OnEnd) -> None:
        self._execution = _Execution(running, lease, on_end)
        self._on_start = on_start
        self._reader: pa.RecordBatchReader | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        if self._reader is None:
            try:
                reader = self._execution.running.reader
            except BaseException as error:
                self._execution.end(type(error).__name__)
                raise
            self._started()
            self._reader = pa.RecordBatchReader.from_batches(reader.schema, _watched(reader, self._execution))
        return self._reader

    def encoded(self) -> Iterator[EncodedRows] | None:
        try:
            found = self._execution.running.encoded()
        except BaseException as error:
            self._execution.end(type(error).__name__)
            raise
        if found is None:
            return None
        self._started()
        return _watched(found, self._execution)

    def cancel(self) -> None:
        self._execution.running.cancel()

    def close(self) -> None:
        self._execution.end()

    def _started(self) -> None:
        self.instead = self._execution.running.instead
        self._on_start(self.instead)


class _Execution:
    """The query and its lease. Not part of `LeasedQuery`, which owns the reader, which refers to this object: a
    reference cycle through Arrow would never be garbage-collected."""

    def __init__(self, running: RunningQuery, lease: Lease, on_end: OnEnd) -> None:
        self.running = running
        self.rows = 0
        self._lease = lease
        self._on_end = [on_end]

    def end(self, outcome: str = STOPPED) -> None:
        self.running.close()
        self._lease.close()
        with suppress(IndexError):  # `pop` is atomic: two threads may call this
            self._on_end.pop()(outcome, self.rows)

    def __del__(self) -> None:
        self.end()


def _watched(found: Iterable[Rows], execution: _Execution) -> Iterator[Rows]:
    outcome = STOPPED
    try:
        for rows in found:
            execution.rows += rows.num_rows
            yield rows
        outcome = OK
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        execution.end(outcome)
