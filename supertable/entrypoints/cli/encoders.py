"""Results as JSON, NDJSON, CSV, Parquet and Arrow, batch by batch."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa


class ResultFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


def encode(reader: pa.RecordBatchReader, format_: ResultFormat, sink: BinaryIO) -> None:
    """Write the whole result. Columns of one name are told apart: `id`, `id_1`, `id_2`."""
    _ENCODERS[format_](_distinct(reader), sink)


@contextmanager
def replaced(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that takes the place of `output` only once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if output.exists() and not output.is_file():
        with output.open("wb") as sink:  # a pipe, or a device such as /dev/null
            yield sink
        return
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as sink:
            yield sink
        partial.replace(output)
    except OSError as error:
        error.filename = str(output) if error.filename == str(partial) else error.filename
        raise
    finally:
        partial.unlink(missing_ok=True)


def _distinct(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    import pyarrow as pa

    names = _distinct_names(reader.schema.names)
    if names == reader.schema.names:
        return reader
    schema = pa.schema([field.with_name(name) for field, name in zip(reader.schema, names, strict=True)])
    renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in reader)
    return pa.RecordBatchReader.from_batches(schema, renamed)


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


def _json(reader: pa.RecordBatchReader, sink: BinaryIO) -> None:
    before = b"[\n"
    for record in _records(reader):
        sink.write(before + record)
        before = b",\n"
    sink.write(b"[]\n" if before == b"[\n" else b"\n]\n")


def _ndjson(reader: pa.RecordBatchReader, sink: BinaryIO) -> None:
    for record in _records(reader):
        sink.write(record + b"\n")


def _records(reader: pa.RecordBatchReader) -> Iterator[bytes]:
    from supertable.entrypoints.cli.values import json_records

    for batch in reader:
        yield from json_records(batch)


def _csv(reader: pa.RecordBatchReader, sink: BinaryIO) -> None:
    import pyarrow as pa
    from pyarrow import csv

    from supertable.entrypoints.cli.values import flat

    def flattened(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([flat(column) for column in batch.columns], names=batch.schema.names)

    schema = flattened(pa.RecordBatch.from_pylist([], schema=reader.schema)).schema
    with csv.CSVWriter(sink, schema) as writer:
        for batch in reader:
            writer.write_batch(flattened(batch))


def _parquet(reader: pa.RecordBatchReader, sink: BinaryIO) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(sink, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)


def _arrow(reader: pa.RecordBatchReader, sink: BinaryIO) -> None:
    import pyarrow as pa

    with pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


_ENCODERS: dict[ResultFormat, Callable[[pa.RecordBatchReader, BinaryIO], None]] = {
    ResultFormat.JSON: _json,
    ResultFormat.NDJSON: _ndjson,
    ResultFormat.CSV: _csv,
    ResultFormat.PARQUET: _parquet,
    ResultFormat.ARROW: _arrow,
}
