"""Batches of several files under one schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.application.storage.arrow.arrow_encodings import plain, plain_type
from supertable.application.storage.incoming.unpacked_size import bounded_slices
from supertable.domain.errors import UnreadableInput

BATCH_ROWS = 65_536
MOST_BYTES_AT_ONCE = 1024**3
"""The maximum size of what must be unpacked at once: one row, one message, or one page of every column."""


def common_schema(
    files: Sequence[PreparedFile], schemas: Sequence[pa.Schema], types: Mapping[str, pa.DataType]
) -> pa.Schema:
    """All columns of all files, in the order in which they first appear, types widened where they differ.

    A column of nulls only, which has no type, gets that of `types`, by case-insensitive name, else text.
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
    known = {name.lower(): kind for name, kind in types.items()}
    return pa.schema(
        [
            field.with_type(known.get(field.name.lower(), pa.string())) if pa.types.is_null(field.type) else field
            for field in merged
        ]
    )


class UnpackingLimit:
    """Counts what files unpack to, and refuses them once that is more than `most_bytes`."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0

    def count(self, file: PreparedFile, size: int) -> None:
        """Raises `UnreadableInput`."""
        self._bytes += size
        self.require(file, self._bytes)

    def require(self, file: PreparedFile, size: int) -> None:
        """Raises `UnreadableInput` if so many bytes are too many, without counting them."""
        if size > self._most_bytes:
            raise UnreadableInput(file.name, f"it unpacks to more than the limit of {self._most_bytes:,} bytes.")


def conformed(
    file: PreparedFile, batches: Iterable[pa.RecordBatch], schema: pa.Schema, limit: UnpackingLimit
) -> Iterator[pa.RecordBatch]:
    """The batches with the columns of `schema`, nulls for those they lack, at most `BATCH_ROWS` rows each.

    Nothing is unpacked before its size is counted.
    """
    for batch in batches:
        batch.validate(full=True)
        for part, size in bounded_slices(batch, BATCH_ROWS):
            if size > MOST_BYTES_AT_ONCE:
                raise UnreadableInput(file.name, f"a row unpacks to more than {MOST_BYTES_AT_ONCE:,} bytes.")
            limit.count(file, size)
            columns = [_column(file, part, field) for field in schema]
            yield pa.RecordBatch.from_arrays(columns, schema=schema) if columns else part


@contextmanager
def damage_reported(file: PreparedFile) -> Iterator[None]:
    """Raises `UnreadableInput`, which names the file, for the errors of its decoder."""
    try:
        yield
    except pa.ArrowNotImplementedError as error:
        reason = f"this version cannot read a feature of {file.format} that it uses: {_first_line(error)}."
        raise UnreadableInput(file.name, f"{reason} Write the file again without it.") from error
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        raise UnreadableInput(file.name, f"it is damaged, or is not {file.format}: {_first_line(error)}.") from error


def _column(file: PreparedFile, batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    position = batch.schema.get_field_index(field.name)
    if position < 0:
        return pa.nulls(batch.num_rows, field.type)
    column = batch.column(position)
    if column.type == field.type:
        return column
    column = plain(column)
    try:
        return column.cast(field.type)
    except pa.ArrowInvalid as error:
        raise UnreadableInput(
            file.name,
            f"column {field.name!r}: some of its values, of type {column.type}, do not fit {field.type} exactly, the "
            f"type of the files together: {_first_line(error)}. Load the files separately.",
        ) from error


def _columns_only(file: PreparedFile, schema: pa.Schema) -> pa.Schema:
    """The schema without encodings and the metadata of the program that wrote the file; every column is nullable."""
    with damage_reported(file):  # a name may be no UTF-8
        repeated = {name for name in schema.names if schema.names.count(name) > 1}
    if repeated:
        raise UnreadableInput(file.name, f"it has more than one column {min(repeated)!r}. Rename all but one.")
    return pa.schema([pa.field(field.name, plain_type(field.type)) for field in schema])


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
