"""Parquet files, read column chunk by column chunk through a small buffer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from supertable.adapters.readers.columnar.batches import (
    BATCH_ROWS,
    MOST_BYTES_AT_ONCE,
    UnpackingLimit,
    common_schema,
    conformed,
    damage_reported,
)
from supertable.adapters.readers.columnar.int96_timestamps import int96_unit
from supertable.adapters.readers.columnar.parquet_pages import pages_of_groups
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.application.ports.readers import OpenedFiles, ReadOptions
from supertable.domain.errors import UnreadableInput

_BUFFER_BYTES = 1024 * 1024
_BATCH_BYTES = 256 * 1024 * 1024
_LONG_BYTES = 1024


@contextmanager
def open_parquet(files: Sequence[PreparedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    parquet_files = _ParquetFiles(files, options)
    yield OpenedFiles(
        reader=pa.RecordBatchReader.from_batches(parquet_files.schema, parquet_files.batches()),
        total_bytes=sum(file.bytes for file in files),
        bytes_read=lambda: parquet_files.bytes_read,
    )


class _ParquetFiles:
    """Parquet files under one schema, and how many of their bytes have been read."""

    def __init__(self, files: Sequence[PreparedFile], options: ReadOptions) -> None:
        self.bytes_read = 0
        self._limit = UnpackingLimit(options.max_unpacked_bytes)
        self._pages_limit = UnpackingLimit(options.max_unpacked_bytes)
        self._files = files
        self._int96_unit = int96_unit(files, UnpackingLimit(options.max_unpacked_bytes).count)
        schemas = []
        for file in files:
            with damage_reported(file), self._opened(file) as parquet:
                schemas.append(parquet.schema_arrow)
        self.schema = common_schema(files, schemas, options.types)

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
        encoded, rows = self._check_pages(file)
        with self._opened(file, encoded) as parquet:
            groups = parquet.num_row_groups
            for group in range(groups):
                batches = parquet.iter_batches(rows, row_groups=[group])
                yield from conformed(file, batches, self.schema, self._limit)
                self.bytes_read += file.bytes // groups

    def _opened(self, file: PreparedFile, encoded: Sequence[str] = ()) -> pq.ParquetFile:
        """`encoded`: the columns to read as dictionaries."""
        return pq.ParquetFile(
            file.path,
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
            read_dictionary=list(encoded),
            coerce_int96_timestamp_unit=self._int96_unit,
        )

    def _check_pages(self, file: PreparedFile) -> tuple[list[str], int]:
        """Check the size of every page. Raises `UnreadableInput`.

        Returns how to read the file in little memory, although a value that is stored once may stand for many: the
        columns to read as dictionaries, because they have long texts; and how many rows to read at once.
        """
        schema = pq.read_metadata(file.path).schema
        encoded: set[str] = set()
        widths = [0] * len(schema)
        for columns in pages_of_groups(file.path, schema):
            for number, pages in enumerate(columns):
                self._pages_limit.count(file, pages.unpacked)
                described = schema.column(number)
                if described.physical_type == "BYTE_ARRAY" and pages.repeated > _LONG_BYTES:
                    encoded.add(described.path)
                else:
                    widths[number] = max(widths[number], pages.repeated)
            if sum(pages.largest for pages in columns) > MOST_BYTES_AT_ONCE:
                raise UnreadableInput(file.name, f"its pages unpack to more than {MOST_BYTES_AT_ONCE:,} bytes at once.")
        return sorted(encoded), max(1, min(BATCH_ROWS, _BATCH_BYTES // max(sum(widths), 1)))
