"""Writing rows as data files: rolled at a size, digested as they stream, with the column ranges that pruning needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager

import pyarrow as pa
import pyarrow.parquet as pq

from supertable.application.ports.clocks import Identifiers
from supertable.application.ports.object_stores import ObjectStore, ObjectWriter
from supertable.application.storage.arrow_schemas import arrow_schema
from supertable.application.storage.checksums import Digest
from supertable.application.storage.column_ranges import (
    _FloatRanges,
    _leaves,
    column_ranges,
)
from supertable.domain.schema.schemas import Schema
from supertable.domain.storage_layout import data_path
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.maintenance_policy import TARGET_FILE_BYTES

ROW_GROUP_ROWS = 122_880
"""What DuckDB's scan threads take at a time."""


ROW_GROUP_BYTES = 64 * 1024 * 1024


FILE_BYTES = TARGET_FILE_BYTES


_BLOOM_FALSE_POSITIVES = 0.05


_BLOOMED = frozenset({"string", "binary", "int32", "int64", "uint32", "uint64", "date", "timestamp"})


OpenWriter = Callable[[str], AbstractContextManager[ObjectWriter]]


class DataFileWriter:
    """Writes tables that have a schema's exact columns into the folder of one table.

    `open_writer` is the store's own, or one that keeps a copy besides.
    """

    def __init__(self, store: ObjectStore, open_writer: OpenWriter, identifiers: Identifiers) -> None:
        self._store = store
        self._open_writer = open_writer
        self._identifiers = identifiers

    def write(
        self,
        folder: str,
        schema: Schema,
        groups: Iterable[pa.Table],
        keys: Collection[int] = (),
        file_bytes: int = FILE_BYTES,
    ) -> list[DataFile]:
        """Every table becomes one row group; files roll at about `file_bytes`. No rows: no file.

        `keys`: field ids of columns that get a bloom filter, so that a look-up skips the files that lack its value.
        When it fails, what was written is deleted as far as possible; no commit refers to it.
        """
        written: list[DataFile] = []
        source = iter(groups)
        try:
            written.extend(self._one_file(folder, schema, first, source, keys, file_bytes) for first in source)
        except BaseException:
            self._store.delete([file.key(folder) for file in written])
            raise
        return written

    def _one_file(
        self,
        folder: str,
        schema: Schema,
        first: pa.Table,
        rest: Iterator[pa.Table],
        keys: Collection[int],
        file_bytes: int,
    ) -> DataFile:
        path = data_path(self._identifiers.new())
        floats = _FloatRanges(schema)
        with self._open_writer(f"{folder}/{path}") as target:
            sink = _Sink(target)
            with _parquet_writer(sink, schema, keys, first.num_rows) as writer:
                group: pa.Table | None = first
                while group is not None:
                    writer.write_table(group, row_group_size=max(group.num_rows, 1))
                    floats.look(group)
                    group = None if sink.bytes >= file_bytes else next(rest, None)
            metadata = writer.writer.metadata
        return DataFile(
            path=path,
            rows=metadata.num_rows,
            bytes=sink.bytes,
            digest=sink.digest.hex(),
            schema_id=schema.id,
            ranges=column_ranges(metadata, schema) | floats.ranges(),
        )


def _parquet_writer(sink: _Sink, schema: Schema, keys: Collection[int], group_rows: int) -> pq.ParquetWriter:
    """LZ4, and dictionaries for text only: measured, this is written and read about twice as fast as the defaults.

    Float columns get no statistics in the file: engines that trust those would lose NaN, which they leave out.
    """
    target = arrow_schema(schema)
    leaves = list(_leaves(target))
    return pq.ParquetWriter(
        sink,
        target,
        compression="lz4",
        use_dictionary=[path for path, kind in leaves if pa.types.is_string(kind) or pa.types.is_binary(kind)],
        write_statistics=[path for path, kind in leaves if not pa.types.is_floating(kind)],
        store_decimal_as_integer=True,
        bloom_filter_options={
            field.name: {"ndv": group_rows, "fpp": _BLOOM_FALSE_POSITIVES}
            for field in schema.fields
            if field.id in keys and field.type.name in _BLOOMED
        },
    )


class _Sink:
    """The file object that the Parquet writer writes to."""

    closed = False

    def __init__(self, target: ObjectWriter) -> None:
        self._target = target
        self.digest = Digest()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self._target.write(data)
        self.digest.update(data)
        self.bytes += len(data)
        return len(data)

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        """Durability is the store's work, when the object is closed."""

    def close(self) -> None:
        self.closed = True
