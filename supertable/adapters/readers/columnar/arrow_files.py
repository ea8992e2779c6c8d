"""Arrow IPC: files (Feather) and streams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from supertable.adapters.readers.columnar.batches import (
    MOST_BYTES_AT_ONCE,
    UnpackingLimit,
    common_schema,
    conformed,
    damage_reported,
)
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.application.ports.readers import OpenedFiles, ReadOptions
from supertable.application.storage.incoming.arrow_messages import messages
from supertable.domain.errors import UnreadableInput

_FILE_MAGIC = b"ARROW1"
_STREAM_START = 8
"""Where the stream in a file begins: after the magic and its padding."""


@contextmanager
def open_arrow(files: Sequence[PreparedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    arrow_files = _ArrowFiles(files, options)
    yield OpenedFiles(
        reader=pa.RecordBatchReader.from_batches(arrow_files.schema, arrow_files.batches()),
        total_bytes=sum(file.bytes for file in files),
        bytes_read=lambda: arrow_files.bytes_read,
    )


class _ArrowFiles:
    """Arrow files under one schema, and how many of their bytes have been read."""

    def __init__(self, files: Sequence[PreparedFile], options: ReadOptions) -> None:
        self.bytes_read = 0
        self._limit = UnpackingLimit(options.max_unpacked_bytes)
        self._messages_limit = UnpackingLimit(options.max_unpacked_bytes)
        self._files = files
        schemas = []
        for file in files:
            with damage_reported(file), _opened(file) as source:
                schemas.append(_schema(source))
        self.schema = common_schema(files, schemas, options.types)

    def batches(self) -> Iterator[pa.RecordBatch]:
        for file in self._files:
            before = self.bytes_read
            with damage_reported(file), _opened(file) as source:
                self._check_messages(file, source)
                yield from conformed(file, self._counted(source, before), self.schema, self._limit)
            self.bytes_read = before + file.bytes

    def _counted(self, source: pa.NativeFile, before: int) -> Iterator[pa.RecordBatch]:
        """The batches of one file. Updates `bytes_read`, `before` being the bytes of the files before it."""
        for batch in _stored_batches(source):
            self.bytes_read = before + source.tell()
            yield batch

    def _check_messages(self, file: PreparedFile, source: pa.NativeFile) -> None:
        """Check what the messages unpack to, and that the index of a file, if it is one, has them all.

        A file is then read as the stream that it contains, since its index could lead elsewhere.
        """
        is_file = _is_file(source)
        expected = pa.ipc.open_file(source).num_record_batches if is_file else None
        source.seek(_STREAM_START if is_file else 0)
        count = 0
        for message in messages(lambda size: memoryview(source.read_buffer(size)), file.bytes, MOST_BYTES_AT_ONCE):
            self._messages_limit.count(file, message.unpacked)
            count += message.has_rows
        if expected not in (None, count):
            raise UnreadableInput(file.name, "it is damaged: its index does not match its record batches.")
        source.seek(0)


def _opened(file: PreparedFile) -> pa.NativeFile:
    """The file, memory-mapped unless it is a stream: a batch may be as large as the file, and mapped pages can be
    given back.
    """
    with pa.OSFile(str(file.path)) as source:
        mapped = _is_file(source)
    return pa.memory_map(str(file.path)) if mapped else pa.OSFile(str(file.path))


def _is_file(source: pa.NativeFile) -> bool:
    """Whether it is an IPC file, not a stream. Leaves the position at the start."""
    magic = source.read(len(_FILE_MAGIC))
    source.seek(0)
    return bool(magic == _FILE_MAGIC)


def _schema(source: pa.NativeFile) -> pa.Schema:
    return (pa.ipc.open_file(source) if _is_file(source) else pa.ipc.open_stream(source)).schema


def _stored_batches(source: pa.NativeFile) -> Iterator[pa.RecordBatch]:
    if _is_file(source):
        source.seek(_STREAM_START)
    yield from pa.ipc.open_stream(source)
