"""The rows of a query that runs once: read on demand, and kept or not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pyarrow as pa

from supertable.application.ports.engines.running_queries import RunningQuery
from supertable.domain.errors import Closed, NotKept, QueryCancelled, SupertableError
from supertable.entrypoints.sdk.results.spilled_batches import SpilledBatches

_READ_AHEAD_ROWS = 10_000
_MEMORY_BYTES = 128 * 1024**2
_LAKE_CLOSED = "The lake was closed before all rows of this result were read. Open it again with supertable.connect."
_RESULT_CLOSED = "This result was closed. Run the query again with lake.sql."


class QueryRows:
    """The batches of a running query, each once. An end other than the last row is an error from then on."""

    def __init__(self, running: RunningQuery, is_lake_closed: Callable[[], bool]) -> None:
        """Starts the query. Raises what the reader of a `RunningQuery` raises."""
        self._running = running
        self._is_lake_closed = is_lake_closed
        self._error: SupertableError | None = None
        self.ended = False
        self.seconds = 0.0
        started = time.perf_counter()
        self.schema: pa.Schema = running.reader.schema
        self.seconds += time.perf_counter() - started

    def next_batch(self) -> pa.RecordBatch | None:
        """The next batch; None after the last."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        if self.ended:
            return None
        started = time.perf_counter()
        try:
            return self._read()
        except SupertableError as error:
            self._error = Closed(_LAKE_CLOSED) if self._is_lake_closed() else error
            raise self._error.with_traceback(None) from None
        except BaseException:
            self._error = QueryCancelled()
            raise
        finally:
            self.seconds += time.perf_counter() - started

    def cancel(self) -> None:
        self._running.cancel()

    def close(self) -> None:
        """Release the query's cursor and lease. Rows that were not read raise `Closed`."""
        if not self.ended:
            self._error = self._error or Closed(_RESULT_CLOSED)
        self._running.close()

    def _read(self) -> pa.RecordBatch | None:
        if self._is_lake_closed():
            raise Closed(_LAKE_CLOSED)
        try:
            batch: pa.RecordBatch = self._running.reader.read_next_batch()
        except StopIteration:
            self.ended = True
            self._running.close()
            return None
        return batch


class StreamedRows:
    """The rows in one pass. They are not kept."""

    def __init__(self, rows: QueryRows) -> None:
        self._rows = rows
        self._taken = False

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All batches. Raises `NotKept` the second time."""
        if self._taken:
            raise NotKept(
                "The rows of this result were streamed and have been taken. Run the query again, or without "
                "stream=True, which keeps the rows."
            )
        self._taken = True
        return iter(self._rows.next_batch, None)


class KeptRows:
    """The rows, kept after they are read for the first time: in memory, and many of them in a temporary file.

    Thread-safe. A small result is read at once, so that it holds neither a cursor nor a lease.
    """

    def __init__(self, rows: QueryRows, spilled: SpilledBatches) -> None:
        self._rows = rows
        self._spilled = spilled
        self._kept: list[pa.RecordBatch | int] = []
        self._bytes = 0
        self._lock = threading.Lock()
        self.count = 0
        while self.count < _READ_AHEAD_ROWS and self._read(in_memory=False):
            pass

    def batches(self, in_memory: bool = False) -> Iterator[pa.RecordBatch]:
        """All batches from the first. `in_memory`: the caller holds them all, so that none is written to a file."""
        position = 0
        while (batch := self._batch(position, in_memory)) is not None:
            yield batch
            position += 1

    def complete(self) -> int:
        """Read the rows to the end. Returns their number."""
        with self._lock:
            while self._read(in_memory=False):
                pass
        return self.count

    def close(self) -> None:
        """Forget the rows."""
        self._kept.clear()
        self._spilled.close()

    def _batch(self, position: int, in_memory: bool) -> pa.RecordBatch | None:
        with self._lock:
            if position == len(self._kept) and not self._read(in_memory):
                return None
            found = self._kept[position]
        return self._spilled.read(found) if isinstance(found, int) else found

    def _read(self, in_memory: bool) -> bool:
        """Reads and keeps the next batch. Returns whether there was one."""
        batch = self._rows.next_batch()
        if batch is None:
            return False
        fits = in_memory or self._bytes + batch.nbytes <= _MEMORY_BYTES
        self._kept.append(batch if fits else self._spilled.add(batch))
        self._bytes += batch.nbytes if fits else 0
        self.count += batch.num_rows
        return True
