"""Results as JSON, NDJSON, CSV, Parquet and Arrow, piece by piece: never whole in memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from enum import StrEnum

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from supertable.entrypoints.encoding.values import flat, json_records

_PIECE_BYTES = 4 * 1024**2
_TEXT_ROWS = 8_192
"""Whose making takes no longer than a few milliseconds."""


class Encoding(StrEnum):
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


def encoded(reader: pa.RecordBatchReader, encoding: Encoding) -> Iterator[bytes]:
    """The whole result in pieces of a few MB, as its batches come; some may be empty.

    Columns of one name are told apart: `id`, `id_1`, `id_2`.
    """
    return _ENCODERS[encoding](distinct(reader))


def distinct(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
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


class _Pieces:
    """A file to write into, of which is taken what was written since the last time."""

    closed = False

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes | pa.Buffer) -> int:
        self._written.append(bytes(data))  # CSV's writer uses its buffer again
        return len(data)

    def flush(self) -> None: ...

    def taken(self) -> bytes:
        written, self._written = self._written, []
        return b"".join(written)


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


def _ndjson(reader: pa.RecordBatchReader) -> Iterator[bytes]:
    for batch in _portions(reader, _TEXT_ROWS):
        yield b"".join(record + b"\n" for record in json_records(batch))


def _csv(reader: pa.RecordBatchReader) -> Iterator[bytes]:
    def flattened(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([flat(column) for column in batch.columns], names=batch.schema.names)

    schema = flattened(pa.RecordBatch.from_pylist([], schema=reader.schema)).schema
    sink = _Pieces()
    with csv.CSVWriter(sink, schema) as writer:
        for batch in _portions(reader):
            writer.write_batch(flattened(batch))
            yield sink.taken()
    yield sink.taken()


def _parquet(reader: pa.RecordBatchReader) -> Iterator[bytes]:
    sink = _Pieces()
    with pq.ParquetWriter(sink, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


def _arrow(reader: pa.RecordBatchReader) -> Iterator[bytes]:
    sink = _Pieces()
    with pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in _portions(reader):
            writer.write_batch(batch)
            yield sink.taken()
    yield sink.taken()


_ENCODERS: dict[Encoding, Callable[[pa.RecordBatchReader], Iterator[bytes]]] = {
    Encoding.JSON: json_array,
    Encoding.NDJSON: _ndjson,
    Encoding.CSV: _csv,
    Encoding.PARQUET: _parquet,
    Encoding.ARROW: _arrow,
}
