"""Checkpoints of tables: JSON documents, in which many files are an Arrow table.

Such a checkpoint is a Zstandard frame with the document, whose `files` are those that the table has only a part of, and
a skippable frame with the table as an Arrow stream and, in four bytes, its length. Older versions read the document
alone, and refuse its format.
"""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from supertable.adapters.codecs.collection_pauses import collection_paused
from supertable.adapters.codecs.json_documents import (
    FORMAT_WITH_ARRAYS,
    FORMAT_WITH_ROWS,
    JsonDocument,
    compressed,
    format_for,
)
from supertable.application.ports.codecs import Undecodable
from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.file_table import has_columns
from supertable.application.storage.snapshot_files.folding import MOST_CHANGES, as_columns, with_arrays
from supertable.domain.table.file_sets import ChangedFiles
from supertable.domain.table.snapshots import Snapshot

_SKIPPABLE = (0x184D2A50).to_bytes(4, "little")
_LENGTH_BYTES = 4


class SnapshotDocument:
    """A `DocumentCodec` of snapshots."""

    def __init__(self) -> None:
        newest = FORMAT_WITH_ARRAYS
        self._objects = JsonDocument(Snapshot, newest, lambda snapshot: format_for(snapshot.files.values()))
        self._rest = JsonDocument(Snapshot, newest, lambda _: FORMAT_WITH_ARRAYS)

    def encode(self, body: Snapshot) -> bytes:
        if len(body.files) <= MOST_CHANGES:
            return self._objects.encode(body)
        files = as_columns(body.files)
        rest = replace(body, files={file.path: file for file in files.whole.values()})
        stream = _stream(files.table)
        length = len(stream) + _LENGTH_BYTES
        frame = [_SKIPPABLE, length.to_bytes(4, "little"), stream, len(stream).to_bytes(_LENGTH_BYTES, "little")]
        return b"".join([compressed(self._rest.text(rest)), *frame])

    def decode(self, data: bytes) -> Snapshot:
        with collection_paused():
            document = self._objects.read(data)
            if document.format <= FORMAT_WITH_ROWS:
                return with_arrays(document.body)
            try:
                return _with_table(document.body, _table(data))
            except (pa.ArrowException, OSError, ValueError) as error:
                raise Undecodable(f"its files cannot be read ({error})") from error


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _table(data: bytes) -> pa.Table:
    length = int.from_bytes(data[-_LENGTH_BYTES:], "little")
    start = len(data) - _LENGTH_BYTES - length
    if start < 0 or data[start - 8 : start - 4] != _SKIPPABLE:
        raise ValueError("the table of files is missing")
    return pa.ipc.open_stream(pa.py_buffer(data).slice(start, length)).read_all()


def _with_table(snapshot: Snapshot, table: pa.Table) -> Snapshot:
    if not has_columns(table.schema):
        raise ValueError("the table of files has other columns")
    table.validate()
    rows = pc.indices_nonzero(table.column("whole")).to_pylist()
    if not table.num_rows or len(rows) != len(snapshot.files):
        raise ValueError("the table has other files than the document")
    whole = dict(zip(rows, snapshot.files.values(), strict=True))
    return replace(snapshot, files=ChangedFiles(ColumnFiles(table, whole)))
