"""Conversion of incoming rows: any Arrow source, as a stream of batches with exactly a table's columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import pyarrow as pa

from supertable.application.storage.arrow.arrow_schemas import stored_schema
from supertable.application.storage.incoming.exact_casts import ExactCast
from supertable.application.storage.incoming.misfits import Column, in_rows
from supertable.application.storage.incoming.value_checks import check_nulls, check_values
from supertable.domain.errors import InvalidInput
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import Field

_MOST_ROWS = 122_880
"""So many rows are converted at once."""


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


def conforming(
    reader: pa.RecordBatchReader, schema: Schema, is_checked: bool = False, timezone: str = ""
) -> Iterator[pa.Table]:
    """The reader's batches with the table's columns, in its order and types. Columns that are not given are null.

    Raises `InvalidSchema`, which names the row and the column, for a value that its type cannot hold exactly, and for a
    null in a column that is not nullable; with `is_checked` also for values that no reader of a table can hold.
    `timezone`: see `ExactCast`.
    """
    conform = conformer(reader.schema, schema, timezone)
    first_row = 1
    for batch in reader:
        for start in range(0, batch.num_rows, _MOST_ROWS):
            rows = conform(batch.slice(start, _MOST_ROWS), first_row)
            yield check_values(rows, schema, first_row) if is_checked else rows
            first_row += rows.num_rows


class Conform(Protocol):
    def __call__(self, rows: pa.RecordBatch | pa.Table, first_row: int = 1) -> pa.Table:
        """`first_row`: the number of the first of the rows among all of them."""


def conformer(given: pa.Schema, schema: Schema, timezone: str = "") -> Conform:
    """A function that converts batches with the columns `given` to the columns of `schema`, as `conforming` does."""
    target = stored_schema(schema)
    position = {name.lower(): i for i, name in enumerate(given.names)}
    sources = [position.get(field.name.lower()) for field in schema.fields]
    cast = ExactCast(timezone)

    def conform(rows: pa.RecordBatch | pa.Table, first_row: int = 1) -> pa.Table:
        columns = []
        for source, field, type_ in zip(sources, schema.fields, target.types, strict=True):
            column = pa.nulls(rows.num_rows, type_) if source is None else rows.column(source)
            check = partial(_column, field=field, target=type_, cast=cast)
            columns.append(in_rows(check, column, range(first_row, first_row + rows.num_rows)))
        return pa.Table.from_arrays(columns, schema=target)

    return conform


def _column(column: Column, field: Field, target: pa.DataType, cast: ExactCast) -> Column:
    column = cast(column, field.type, target, field.name)
    check_nulls(column, field, field.name)
    return column


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
