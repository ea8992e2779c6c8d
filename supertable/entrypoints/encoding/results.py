"""Results as JSON, NDJSON, CSV, TSV, Parquet and Arrow. They are encoded piece by piece and never held as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from supertable.application.queries.result_batches import small_batches, with_distinct_names
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.encoding.values import csv_column, json_records

PART_BYTES = 128 * 1024
"""Small enough that memory is reused: allocating new memory would be half of the work for large results."""
_TEXT_ROWS = 8_192
"""The maximum number of rows in a piece of text. Encoding them takes a few milliseconds."""


Piece = list[bytes]
"""Bytes that are encoded in one step, in parts of at most `PART_BYTES`."""


class Encoding(StrEnum):
    """The format of an encoded result. `ARROW` is a stream; a file has an index of its batches besides."""

    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    ARROW = "arrow"
    ARROW_FILE = "arrow file"


def encode_result(reader: pa.RecordBatchReader, encoding: Encoding) -> Iterator[Piece]:
    """Encode the result lazily, in pieces of a few MB at most. Some pieces may be empty.

    Columns of the same name are numbered: `id`, `id_1`, `id_2`.
    """
    return _ENCODERS[encoding](with_distinct_names(reader))


def json_array(reader: pa.RecordBatchReader) -> Iterator[bytes]:
    """Encode the rows as one JSON array of objects, one object per line."""
    before = b"[\n"
    for batch in small_batches(reader, _TEXT_ROWS):
        yield before + b",\n".join(json_records(batch))
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def split_into_parts(buffers: Iterable[bytes | pa.Buffer]) -> Piece:
    """The bytes of the buffers in order, in parts of `PART_BYTES`; the last part may be smaller."""
    parts: Piece = []
    views: list[memoryview] = []
    room = PART_BYTES
    for data in buffers:
        view = memoryview(data)
        while view:
            views.append(view[:room])
            view = view[room:]
            room -= len(views[-1])
            if not room:
                parts.append(b"".join(views))
                views, room = [], PART_BYTES
    return [*parts, b"".join(views)] if views else parts


class _Sink:
    """A file for writers. `take` returns what was written since the last call.

    `stable_buffers`: the writer never changes its buffers after writing them, so they are copied only when taken.
    """

    closed = False

    def __init__(self, stable_buffers: bool = False) -> None:
        self._stable_buffers = stable_buffers
        self._written: list[bytes | pa.Buffer] = []
        self._position = 0

    def write(self, data: bytes | pa.Buffer) -> int:
        self._written.append(data if self._stable_buffers else bytes(data))
        self._position += len(data)
        return len(data)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None: ...

    def take(self) -> Piece:
        written, self._written = self._written, []
        return split_into_parts(written)


def _json(reader: pa.RecordBatchReader) -> Iterator[Piece]:
    return (split_into_parts([piece]) for piece in json_array(reader))


def _ndjson(reader: pa.RecordBatchReader) -> Iterator[Piece]:
    for batch in small_batches(reader, _TEXT_ROWS):
        yield split_into_parts([b"".join(record + b"\n" for record in json_records(batch))])


def _csv(reader: pa.RecordBatchReader, delimiter: str = ",") -> Iterator[Piece]:
    def flattened(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([csv_column(column) for column in batch.columns], names=batch.schema.names)

    schema = flattened(pa.RecordBatch.from_pylist([], schema=reader.schema)).schema
    sink = _Sink()
    with csv.CSVWriter(sink, schema, write_options=csv.WriteOptions(delimiter=delimiter)) as writer:
        for batch in small_batches(reader):
            writer.write_batch(flattened(batch))
            yield sink.take()
    yield sink.take()


def _parquet(reader: pa.RecordBatchReader) -> Iterator[Piece]:
    sink = _Sink()
    try:
        created = pq.ParquetWriter(sink, reader.schema, compression="zstd")
    except pa.ArrowNotImplementedError as error:
        raise InvalidInput(
            f"Parquet cannot hold a column of this result: {error}. Cast it to text, or ask for another format."
        ) from error
    with created as writer:
        for batch in reader:
            writer.write_batch(batch)
            yield sink.take()
    yield sink.take()


def _arrow(reader: pa.RecordBatchReader, new: Callable[..., Any] = pa.ipc.new_stream) -> Iterator[Piece]:
    sink = _Sink(stable_buffers=True)
    with new(sink, reader.schema) as writer:
        for batch in small_batches(reader):
            writer.write_batch(batch)
            yield sink.take()
    yield sink.take()


_ENCODERS: dict[Encoding, Callable[[pa.RecordBatchReader], Iterator[Piece]]] = {
    Encoding.JSON: _json,
    Encoding.NDJSON: _ndjson,
    Encoding.CSV: _csv,
    Encoding.TSV: partial(_csv, delimiter="\t"),
    Encoding.PARQUET: _parquet,
    Encoding.ARROW: _arrow,
    Encoding.ARROW_FILE: partial(_arrow, new=pa.ipc.new_file),
}
