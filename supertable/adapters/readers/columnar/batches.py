"""Batches of several files under one schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.domain.errors import UnreadableInput

BATCH_ROWS = 65_536


def common_schema(files: Sequence[PreparedFile], schemas: Sequence[pa.Schema]) -> pa.Schema:
    """All columns of all files, in the order in which they first appear, types widened where they differ.

    Raises `UnreadableInput` for a file with two columns of one name, or of types that cannot be widened.
    """
    merged = _columns_only(files[0], schemas[0])
    for file, schema in zip(files[1:], schemas[1:], strict=True):
        columns = _columns_only(file, schema)
        try:
            merged = pa.unify_schemas([merged, columns], promote_options="permissive")
        except (pa.ArrowException, TypeError) as error:
            raise UnreadableInput(
                file.name, f"its columns do not match those of {files[0].name}: {_first_line(error)}."
            ) from error
    return merged


def conformed(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The batches with the columns of `schema`, nulls for those they lack, at most `BATCH_ROWS` rows each."""
    for batch in batches:
        batch.validate(full=True)
        columns = [_column(batch, field) for field in schema]
        whole = pa.RecordBatch.from_arrays(columns, schema=schema) if columns else batch
        for start in range(0, batch.num_rows, BATCH_ROWS):
            yield whole.slice(start, BATCH_ROWS)


@contextmanager
def damage_reported(file: PreparedFile) -> Iterator[None]:
    """Raises `UnreadableInput`, which names the file, for the errors of its decoder."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        raise UnreadableInput(file.name, f"it is damaged, or is not {file.format}: {_first_line(error)}.") from error


def _column(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    position = batch.schema.get_field_index(field.name)
    if position < 0:
        return pa.nulls(batch.num_rows, field.type)
    column = batch.column(position)
    return column if column.type == field.type else column.cast(field.type)


def _columns_only(file: PreparedFile, schema: pa.Schema) -> pa.Schema:
    """The schema without the metadata of the program that wrote the file; every column is nullable."""
    repeated = {name for name in schema.names if schema.names.count(name) > 1}
    if repeated:
        raise UnreadableInput(file.name, f"it has more than one column {min(repeated)!r}. Rename all but one.")
    return pa.schema([pa.field(field.name, field.type) for field in schema])


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
