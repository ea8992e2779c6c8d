"""Running queries whose rows are kept, or were kept by an equal query before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa

from supertable.application.ports.engines.running_queries import EncodedRows, Limits, RunningQuery
from supertable.application.queries.engines import Chosen
from supertable.application.queries.kept_results.result_cache import KeptRows, Space, bytes_of
from supertable.domain.errors import QueryCancelled, QueryTimeout, ResultTooLarge

_NUMBERED = re.compile(r".*_\d+", re.DOTALL)


class KeptQuery:
    """A query whose rows are there already. It reads no file, and keeps the limits of a run."""

    def __init__(self, kept: KeptRows, limits: Limits) -> None:
        self.instead = kept.chosen.instead
        self._kept = kept
        self._limits = limits
        self._state = _State()
        self._reader: pa.RecordBatchReader | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        if self._reader is None:
            if self._state.is_stopped:
                raise QueryCancelled
            if self._limits.timeout_seconds is not None and self._limits.timeout_seconds <= 0:
                raise QueryTimeout(self._limits.timeout_seconds)
            batches = _within(self._kept.batches, self._limits.max_rows, self._state)
            self._reader = pa.RecordBatchReader.from_batches(self._kept.schema, batches)
        return self._reader

    def encoded(self) -> None: ...

    def cancel(self) -> None:
        self._state.is_stopped = True

    def close(self) -> None:
        self._state.is_stopped = True


class _State:
    is_stopped = False


def _within(batches: Sequence[pa.RecordBatch], max_rows: int | None, state: _State) -> Iterator[pa.RecordBatch]:
    taken = 0
    for batch in batches:
        if state.is_stopped:
            raise QueryCancelled
        taken += batch.num_rows
        if max_rows is not None and taken > max_rows:
            raise ResultTooLarge(max_rows)
        yield batch
    if state.is_stopped:
        raise QueryCancelled


class KeepingQuery:
    """A run whose rows are kept once all of them were read. Rows that are too large are let go while they are read."""

    instead = ""

    def __init__(self, running: RunningQuery, space: Space, chosen: Chosen) -> None:
        self._running = running
        self._space = space
        self._chosen = chosen
        self._reader: pa.RecordBatchReader | None = None

    @property
    def reader(self) -> pa.RecordBatchReader:
        if self._reader is None:
            found = self._running.reader
            self.instead = self._running.instead
            batches = _keeping_batches(found, found.schema, self._space, self._chosen)
            self._reader = pa.RecordBatchReader.from_batches(found.schema, batches)
        return self._reader

    def encoded(self) -> Iterator[EncodedRows] | None:
        found = self._running.encoded()
        self.instead = self._running.instead
        return None if found is None else _keeping_encoded(found, self._space, self._chosen)

    def cancel(self) -> None:
        self._running.cancel()

    def close(self) -> None:
        self._running.close()
        self._space.release()


def _keeping_batches(
    found: pa.RecordBatchReader, schema: pa.Schema, space: Space, chosen: Chosen
) -> Iterator[pa.RecordBatch]:
    kept: list[pa.RecordBatch] = []
    fits = True
    for batch in found:
        fits = fits and space.take(bytes_of(batch))
        if fits:
            kept.append(batch)
        else:
            kept.clear()
        yield batch
    if fits:
        space.keep(schema, kept, chosen)


def _keeping_encoded(found: Iterator[EncodedRows], space: Space, chosen: Chosen) -> Iterator[EncodedRows]:
    kept: list[bytes] = []
    fits = True
    for rows in found:
        fits = fits and space.take(sum(map(len, rows.parts)))
        if fits:
            kept += rows.parts
        else:
            kept.clear()
        yield rows
    if fits:
        _keep_decoded(b"".join(kept), space, chosen)


def _keep_decoded(stream: bytes, space: Space, chosen: Chosen) -> None:
    """Keep the rows of an Arrow stream, unless columns of the same name may have been numbered in it."""
    with pa.ipc.open_stream(stream) as found:
        if any(map(_NUMBERED.fullmatch, found.schema.names)):
            return
        batches = list(found)
    if space.take(sum(_overhead(batch) for batch in batches)):
        space.keep(found.schema, batches, chosen)


def _overhead(batch: pa.RecordBatch) -> int:
    return bytes_of(batch) - int(batch.get_total_buffer_size())
