"""Stored results of queries: numbered Arrow streams of bounded size, so that any part of a result is read quickly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

import pyarrow as pa

from supertable.application.jobs.job_store import folder
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.arrow_batches import chunks
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.domain.errors import ObjectMissing, StoredResultTooLarge
from supertable.domain.jobs import Chunk, Job
from supertable.domain.storage_layout import result_key

CHUNK_ROWS = 131_072
CHUNK_BYTES = 8 * 1024 * 1024
"""Measured in memory, uncompressed. Chunks are stored compressed."""
_PART_BYTES = CHUNK_BYTES // 8
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


class JobResults:
    def __init__(self, store: ObjectStore, max_bytes: int) -> None:
        """`max_bytes`: the limit for one result, as stored."""
        self._store = store
        self._max_bytes = max_bytes

    def write(
        self, job: Job, reader: pa.RecordBatchReader, after_chunk: Callable[[Sequence[Chunk]], None]
    ) -> tuple[Chunk, ...]:
        """Store all rows, in at least one chunk, which has the columns if there are no rows.

        `after_chunk` is called after each chunk, with all chunks so far. Raises `StoredResultTooLarge`, and whatever
        the reader and `after_chunk` raise; the chunks are then deleted.
        """
        written: list[Chunk] = []
        tables = (part for batch in reader for part in _parts(batch))
        try:
            for rows in chunks(tables, CHUNK_ROWS, CHUNK_BYTES):
                self._write(job, rows, written)
                after_chunk(written)
            if not written:
                self._write(job, reader.schema.empty_table(), written)
        except BaseException:
            self._store.delete(result_key(folder(job), number) for number in range(len(written) + 1))
            raise
        return tuple(written)

    def read(self, job: Job, stored: Sequence[Chunk], start: int, count: int) -> pa.RecordBatchReader:
        """Up to `count` rows from row `start` on (from 0). Holds one chunk at a time in memory.

        Raises, here or while reading, `Damaged` and `StoreUnavailable`.
        """
        tables = self._tables(job, stored, start, count)
        first = next(tables)

        def batches() -> Iterator[pa.RecordBatch]:
            yield from first.to_batches()
            for table in tables:
                yield from table.to_batches()

        return pa.RecordBatchReader.from_batches(first.schema, batches())

    def _tables(self, job: Job, stored: Sequence[Chunk], start: int, count: int) -> Iterator[pa.Table]:
        """At least one table, which may be empty."""
        ends = list(accumulate(chunk.rows for chunk in stored))
        first = next((number for number, end in enumerate(ends) if end > start), len(stored) - 1)
        for number in range(first, len(stored)):
            before = ends[number] - stored[number].rows
            low = max(start - before, 0)
            yield self._read(result_key(folder(job), number)).slice(low, max(start + count - before - low, 0))
            if ends[number] >= start + count:
                return

    def _write(self, job: Job, rows: pa.Table, written: list[Chunk]) -> None:
        key = result_key(folder(job), len(written))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema, options=_OPTIONS) as writer:
            writer.write_table(rows)
        data = sealed(key, sink.getvalue().to_pybytes())
        if sum(chunk.bytes for chunk in written) + len(data) > self._max_bytes:
            raise StoredResultTooLarge(self._max_bytes)
        self._store.put(key, data)
        written.append(Chunk(rows.num_rows, len(data)))

    def _read(self, key: str) -> pa.Table:
        data = self._store.read(key)
        if data is None:
            raise ObjectMissing(key)
        with pa.ipc.open_stream(pa.py_buffer(opened(key, data))) as reader:
            return reader.read_all()


def _parts(batch: pa.RecordBatch) -> Iterator[pa.Table]:
    """The batch in parts so small that even wide rows make chunks of about `CHUNK_BYTES`."""
    rows = max(batch.num_rows * _PART_BYTES // max(batch.nbytes, 1), 1)
    for start in range(0, batch.num_rows, rows):
        yield pa.Table.from_batches([batch.slice(start, rows)])
