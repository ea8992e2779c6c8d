"""Arrow IPC: files (Feather) and streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from supertable.adapters.readers.batches import common_schema, conformed, damage_named
from supertable.adapters.readers.prepared_files import StagedFile
from supertable.application.ports.readers import OpenedFiles, ReadOptions

_FILE_MAGIC = b"ARROW1"


@contextmanager
def open_arrow(files: Sequence[StagedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    del options  # an Arrow file says itself how it is read
    reading = _Reading(files)
    yield OpenedFiles(
        reader=pa.RecordBatchReader.from_batches(reading.schema, reading.batches()),
        total_bytes=sum(file.bytes for file in files),
        bytes_read=lambda: reading.bytes_read,
    )


class _Reading:
    def __init__(self, files: Sequence[StagedFile]) -> None:
        self.bytes_read = 0
        self._files = files
        schemas = []
        for file in files:
            with damage_named(file), _opened(file) as source:
                schemas.append(_schema(source))
        with damage_named(files[0]):
            self.schema = common_schema(files, schemas)

    def batches(self) -> Iterator[pa.RecordBatch]:
        for file in self._files:
            before = self.bytes_read
            with damage_named(file), _opened(file) as source:
                yield from conformed(self._located(source, before), self.schema)
            self.bytes_read = before + file.bytes

    def _located(self, source: pa.NativeFile, before: int) -> Iterator[pa.RecordBatch]:
        for batch in _raw_batches(source):
            self.bytes_read = before + source.tell()
            yield batch


def _opened(file: StagedFile) -> pa.NativeFile:
    """Mapped where it can be: a batch may be as large as the file, and mapped pages can be given back."""
    with pa.OSFile(str(file.path)) as source:
        mapped = _is_file(source)
    return pa.memory_map(str(file.path)) if mapped else pa.OSFile(str(file.path))


def _is_file(source: pa.NativeFile) -> bool:
    magic = source.read(len(_FILE_MAGIC))
    source.seek(0)
    return bool(magic == _FILE_MAGIC)


def _schema(source: pa.NativeFile) -> pa.Schema:
    return (pa.ipc.open_file(source) if _is_file(source) else pa.ipc.open_stream(source)).schema


def _raw_batches(source: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    if not _is_file(source):
        yield from pa.ipc.open_stream(source)
        return
    file = pa.ipc.open_file(source)
    for position in range(file.num_record_batches):
        yield file.get_batch(position)
