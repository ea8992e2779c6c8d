"""Results as JSON, NDJSON, CSV, Parquet and Arrow, piece by piece: never whole in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from supertable.entrypoints.encoding.values import csv_column, json_records

PART_BYTES = 128 * 1024
"""Small enough that memory is used again and again, which is half the work of large results."""
_PIECE_BYTES = 4 * 1024**2
_TEXT_ROWS = 8_192
"""Whose making takes no longer than a few milliseconds."""


Piece = list[bytes]
"""What was made at once, in parts of about `PART_BYTES` at most."""


class Encoding(StrEnum):
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


def encode_result(reader: pa.RecordBatchReader, encoding: Encoding) -> Iterator[Piece]:
    """The whole result in pieces of a few MB, as its batches come; some may be empty.

    Columns of one name are told apart: `id`, `id_1`, `id_2`.
    """
    return _ENCODERS[encoding](with_distinct_names(reader))


def with_distinct_names(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same rows, no two columns with one name."""
    names = _distinct_names(reader.schema.names)
    if names == reader.schema.names:
        return reader
    schema = pa.schema([field.with_name(name) for field, name in zip(reader.schema, names, strict=True)])
    renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in reader)
    return pa.RecordBatchReader.from_batches(schema, renamed)


def json_array(reader: pa.RecordBatchReader) -> Iterator[bytes]:
    """The rows as one JSON array of objects, one to a line."""
    before = b"[\n"
    for batch in _portions(reader, _TEXT_ROWS):
        yield before + b",\n".join(json_records(batch))
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def split_into_parts(written: Iterable[bytes | pa.Buffer]) -> Piece:
    """The same bytes in a row, in parts of `PART_BYTES`."""
    parts: Piece = []
    views: list[memoryview] = []
    room = PART_BYTES
    for data in written:
        view = memoryview(data)
        while view:
            views.append(view[:room])
            view = view[room:]
            room -= len(views[-1])
            if not room:
                parts.append(b"".join(views))
                views, room = [], PART_BYTES
    return [*parts, b"".join(views)] if views else parts


class _Pieces:
    """A file to write into, of which is taken what was written since the last time.

    `kept`: whether the writer leaves its buffers as they are, so that they are copied when they are taken only.
    """

    closed = False

    def __init__(self, kept: bool = False) -> None:
        self._kept = kept
        self._written: list[bytes | pa.Buffer] = []

    def write(self, data: bytes | pa.Buffer) -> int:
        self._written.append(data if self._kept else bytes(data))
        return len(data)

    def flush(self) -> None: ...

    def taken(self) -> Piece:
        written, self._written = self._written, []
        return split_into_parts(written)


def _portions(reader: pa.RecordBatchReader, most_rows: int | None = None) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of about `_PIECE_BYTES` at most."""
    for batch in reader:
        rows = max(1, batch.num_rows * _PIECE_BYTES // max(batch.nbytes, 1))
        rows = min(rows, batch.num_rows, most_rows or batch.num_rows)
        for start in range(0, batch.num_rows, rows or 1):
            yield batch.slice(start, rows)


def _distinct_names(names: list[str]) -> list[str]:
    taken = set(names)
    seen: set[str] = set()
    result = []
    for name in names:
        numbered = (f"{name}_{number}" for number in itertools.count(1))
        unique = name if name not in seen else next(other for other in numbered if other not in taken | seen)
        seen.add(unique)
        result.append(unique)
    return result


def _json(reader: pa.RecordBatchReader) -> Iterator[Piece]:
    return (split_into_parts([piece]) for piece in json_array(reader))


def _ndjson(reader: pa.RecordBatchReader) -> Iterator[Piece]:
    for batch in _portions(reader, _TEXT_ROWS):
        yield split_into_parts([b"".join(record + b"\n" for record in json_records(batch))])


def _csv(reader: pa.RecordBatchReader) -> Iterator[Piece]:
    def flattened(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([csv_column(column) for column in batch.columns], names=batch.schema.names)

    schema = flattened(pa.RecordBatch.from_pylist([], schema=reader.schema)).schema
    sink = _Pieces()
    with csv.CSVWriter(sink, schema) as writer:
        for batch in _portions(reader):
            writer.write_batch(flattened(batch))
            yield sink.taken()
    yield sink.taken()


def _parquet(reader: pa.RecordBatchReader) -> Iterator[Piece]:
    sink = _Pieces()
    with pq.ParquetWriter(sink, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


def _arrow(reader: pa.RecordBatchReader) -> Iterator[Piece]:
    sink = _Pieces(kept=True)
    with pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in _portions(reader):
            writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


_ENCODERS: dict[Encoding, Callable[[pa.RecordBatchReader], Iterator[Piece]]] = {
    Encoding.JSON: _json,
    Encoding.NDJSON: _ndjson,
    Encoding.CSV: _csv,
    Encoding.PARQUET: _parquet,
    Encoding.ARROW: _arrow,
}
