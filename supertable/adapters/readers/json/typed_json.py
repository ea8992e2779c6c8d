"""JSON and NDJSON whose objects are rows of an existing table, read by the types of its columns.

Keys must equal the columns' names exactly. Errors name the row, counted from 1, and the column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import IO

import pyarrow as pa

from supertable.adapters.readers.json.row_decoder import BYTE_ORDER_MARK, RowDecoder, Rows
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.application.ports.readers import OpenedFiles, ReadOptions
from supertable.domain.errors import UnreadableInput

_CHUNK_BYTES = 1024 * 1024


def rows_in(text: bytes, format_: str, options: ReadOptions) -> pa.Table:
    """All rows of a text in memory. Raises `InvalidInput` and its kinds."""
    decoder = RowDecoder(options)
    rows = decoder.lines(text) if format_ == "ndjson" else decoder.document(text)
    return pa.Table.from_batches([decoder.batch(rows)])


@dataclass(slots=True)
class _Progress:
    bytes: int = 0


@contextmanager
def open_typed_json(files: Sequence[PreparedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    """The rows of one file. NDJSON is decoded directly; in a large array DuckDB finds the objects' bounds first."""
    decoder = RowDecoder(options)
    progress = _Progress()
    (file,) = files
    with _decoded(file, options, decoder, progress) as pieces:
        batches = map(decoder.batch, pieces)
        first = next(batches, None)
        if first is None:
            first = decoder.batch([])
        reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
        yield OpenedFiles(reader, file.bytes, lambda: progress.bytes)


@contextmanager
def _decoded(
    file: PreparedFile, options: ReadOptions, decoder: RowDecoder, progress: _Progress
) -> Iterator[Iterator[Rows]]:
    if file.format == "ndjson":
        with file.path.open("rb") as source:
            yield map(decoder.lines, _whole_lines(source, options, decoder, progress))
    elif file.bytes <= _CHUNK_BYTES:
        yield map(decoder.document, iter([file.path.read_bytes()]))
    else:
        with _objects(file, options) as lines:
            yield map(decoder.lines, lines)


def _whole_lines(source: IO[bytes], options: ReadOptions, decoder: RowDecoder, progress: _Progress) -> Iterator[bytes]:
    """The text in pieces of about a chunk, cut at line ends. Raises `UnreadableInput` for a line that is too long."""
    source.seek(len(BYTE_ORDER_MARK) if source.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK else 0)
    rest = b""
    while chunk := source.read(_CHUNK_BYTES):
        progress.bytes += len(chunk)
        whole, found, rest = (rest + chunk).rpartition(b"\n")
        if len(rest) > options.max_line_bytes:
            raise UnreadableInput(
                decoder.source, f"a line after row {decoder.count:,} is longer than {options.max_line_bytes:,} bytes."
            )
        if found:
            yield whole
    if rest.strip():
        yield rest


@contextmanager
def _objects(file: PreparedFile, options: ReadOptions) -> Iterator[Iterator[bytes]]:
    """The objects of a large array, one to a line. Raises `UnreadableInput`."""
    from supertable.adapters.readers.text.text_scanner import scanner

    arguments = {
        "format": "array" if _is_array(file) else "unstructured",
        "maximum_object_size": options.max_line_bytes,
    }
    with scanner("read_json_objects", [file]) as scan:
        reader = scan.read(arguments, "json").reader
        yield (_lines(batch) for batch in reader)


def _lines(batch: pa.RecordBatch) -> bytes:
    return "\n".join(batch.column(0).to_pylist()).encode()


def _is_array(file: PreparedFile) -> bool:
    with file.path.open("rb") as source:
        return source.read(4096).removeprefix(BYTE_ORDER_MARK).lstrip(b" \t\r\n").startswith(b"[")
