"""The rows of a query, assigned to columns of a table as INSERT does it. See `storage.incoming.assigned_text`.

All values but text are cast by the write itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa

from supertable.application.ports.readers import TextValues
from supertable.application.storage.arrow.arrow_schemas import arrow_type
from supertable.application.storage.incoming.assigned_text import is_from_text, values_of_text
from supertable.application.storage.incoming.misfits import in_rows
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import AccessDenied, InvalidInput, InvalidSchema
from supertable.domain.schema.types import Field


def assigned_rows(
    rows: pa.RecordBatchReader, columns: Sequence[str], table: OpenTable, text_values: TextValues
) -> pa.RecordBatchReader:
    """The rows with the names of `columns`, one for each column of the query, in its order.

    Reading raises `InvalidSchema`, which names row and column, for text that is no value of its column.
    """
    fields = [table.snapshot.schema.find(name) for name in columns]
    from_text = [
        field if field and is_from_text(given.type, field) else None
        for field, given in zip(fields, rows.schema, strict=True)
    ]
    types = [
        arrow_type(field.type) if field else given.type for field, given in zip(from_text, rows.schema, strict=True)
    ]
    schema = pa.schema(list(zip(columns, types, strict=True)))
    return pa.RecordBatchReader.from_batches(schema, _converted(rows, from_text, schema, text_values))


def check_columns(table: OpenTable, columns: Sequence[str]) -> None:
    """Raises `InvalidSchema` for columns that the caller does not see, or that are named twice, and `AccessDenied`."""
    seen: set[str] = set()
    for name in columns:
        if table.schema.find(name) is None:
            raise InvalidSchema(name, f"table {table.name} has no such column; it has {', '.join(table.schema.names)}")
        if table.unmasked.find(name) is None:
            raise AccessDenied(f"Column {name} of table {table.name} is masked for this role, which cannot write it.")
        if name.lower() in seen:
            raise InvalidSchema(name, "INSERT names it twice")
        seen.add(name.lower())


class ReturnedRows:
    """The rows that a write takes, for RETURNING. `reader` passes them on. They are held in memory, so they are few."""

    MOST_ROWS = 100_000

    def __init__(self, reader: pa.RecordBatchReader) -> None:
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0
        self.schema = reader.schema
        self.reader = pa.RecordBatchReader.from_batches(reader.schema, self._held(reader))

    def table(self) -> pa.Table:
        return pa.Table.from_batches(self._batches, self.schema)

    def _held(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        for batch in reader:
            self._rows += batch.num_rows
            if self._rows > self.MOST_ROWS:
                raise InvalidInput(
                    f"RETURNING returns up to {self.MOST_ROWS:,} rows. Nothing was written; leave RETURNING out."
                )
            self._batches.append(batch)
            yield batch


def _converted(
    rows: pa.RecordBatchReader, fields: Sequence[Field | None], schema: pa.Schema, text_values: TextValues
) -> Iterator[pa.RecordBatch]:
    first_row = 1
    for batch in rows:
        numbers = range(first_row, first_row + batch.num_rows)
        columns = [
            in_rows(partial(values_of_text, field=field, text_values=text_values), column, numbers) if field else column
            for column, field in zip(batch.columns, fields, strict=True)
        ]
        first_row += batch.num_rows
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
