"""Conversion of incoming rows: any Arrow source, as a stream of batches with exactly a table's columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from supertable.application.storage.arrow_encodings import plain
from supertable.application.storage.arrow_schemas import stored_schema
from supertable.application.storage.incoming.value_checks import check_booleans, check_nulls
from supertable.domain.errors import InvalidInput, InvalidSchema
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import Field


def as_reader(data: Any) -> pa.RecordBatchReader:
    """A Table, RecordBatch, RecordBatchReader, or object with `__arrow_c_stream__` (polars, pandas), as a stream.

    Raises `InvalidInput` for any other object.
    """
    if isinstance(data, pa.RecordBatchReader):
        return data
    if isinstance(data, pa.Table):
        return data.to_reader()
    if isinstance(data, pa.RecordBatch):
        return pa.RecordBatchReader.from_batches(data.schema, [data])
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data)
    raise InvalidInput(
        f"Rows cannot be read from a {type(data).__name__}: give a pyarrow Table or RecordBatchReader, "
        "or an object with __arrow_c_stream__ (a polars, pandas 3 or duckdb frame)."
    )


def conforming(reader: pa.RecordBatchReader, schema: Schema) -> Iterator[pa.Table]:
    """The reader's batches with the table's columns, in its order and types. Columns that are not given are null.

    Raises `InvalidSchema`, which names the column, for a value that its type cannot hold exactly, and for a null in a
    column that is not nullable.
    """
    conform = conformer(reader.schema, schema)
    for batch in reader:
        yield conform(batch)


def conformer(given: pa.Schema, schema: Schema) -> Callable[[pa.RecordBatch | pa.Table], pa.Table]:
    """A function that converts batches with the columns `given` to the columns of `schema`, as `conforming` does."""
    target = stored_schema(schema)
    position = {name.lower(): i for i, name in enumerate(given.names)}
    sources = [position.get(field.name.lower()) for field in schema.fields]

    def conform(batch: pa.RecordBatch | pa.Table) -> pa.Table:
        columns = [
            pa.nulls(batch.num_rows, target.field(i).type)
            if source is None
            else _column(batch.column(source), field, target.field(i).type)
            for i, (source, field) in enumerate(zip(sources, schema.fields, strict=True))
        ]
        for column, field in zip(columns, schema.fields, strict=True):
            check_nulls(column, field, field.name)
        return pa.Table.from_arrays(columns, schema=target)

    return conform


def chunks(tables: Iterator[pa.Table], max_rows: int, max_bytes: int) -> Iterator[pa.Table]:
    """The same rows in the same order, in tables of about `max_rows` rows or `max_bytes` bytes, whichever is less."""
    held: list[pa.Table] = []
    rows = size = 0
    for table in tables:
        for part in _split(table, max_rows):
            held.append(part)
            rows, size = rows + part.num_rows, size + part.nbytes
            if rows >= max_rows or size >= max_bytes:
                yield pa.concat_tables(held)
                held, rows, size = [], 0, 0
    if rows:
        yield pa.concat_tables(held)


def _split(table: pa.Table, max_rows: int) -> Sequence[pa.Table]:
    return [table.slice(start, max_rows) for start in range(0, table.num_rows, max_rows)]


def _column(column: pa.Array | pa.ChunkedArray, field: Field, target: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if column.type == target:
        return column
    check_booleans(column, field.name)
    try:
        return plain(column).cast(target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InvalidSchema(field.name, f"its values do not fit {field.type} exactly: {error}") from error
