"""Parquet files, read column chunk by column chunk through a small buffer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from supertable.adapters.readers.columnar.batches import BATCH_ROWS, common_schema, conformed, damage_reported
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.application.ports.readers import OpenedFiles, ReadOptions

_BUFFER_BYTES = 1024 * 1024


@contextmanager
def open_parquet(files: Sequence[PreparedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    del options  # a Parquet file describes itself
    parquet_files = _ParquetFiles(files)
    yield OpenedFiles(
        reader=pa.RecordBatchReader.from_batches(parquet_files.schema, parquet_files.batches()),
        total_bytes=sum(file.bytes for file in files),
        bytes_read=lambda: parquet_files.bytes_read,
    )


class _ParquetFiles:
    """Parquet files under one schema, and how many of their bytes have been read."""

    def __init__(self, files: Sequence[PreparedFile]) -> None:
        self.bytes_read = 0
        self._files = files
        schemas = []
        for file in files:
            with damage_reported(file):
                schemas.append(pq.read_schema(file.path))
        self.schema = common_schema(files, schemas)

    def batches(self) -> Iterator[pa.RecordBatch]:
        for file in self._files:
            before = self.bytes_read
            batches = self._file_batches(file)
            while True:
                with damage_reported(file):
                    batch = next(batches, None)
                if batch is None:
                    break
                yield batch
            self.bytes_read = before + file.bytes

    def _file_batches(self, file: PreparedFile) -> Iterator[pa.RecordBatch]:
        # A row group at a time: the reader keeps what it has decoded of a group until it leaves the group.
        with pq.ParquetFile(file.path, buffer_size=_BUFFER_BYTES, pre_buffer=False) as parquet:
            groups = parquet.num_row_groups
            for group in range(groups):
                batches = parquet.iter_batches(BATCH_ROWS, row_groups=[group])
                yield from conformed(batches, self.schema)
                self.bytes_read += file.bytes // groups
