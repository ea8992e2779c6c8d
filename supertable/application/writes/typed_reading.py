"""Reading of rows for a table: the types of its columns apply, and options must name columns that exist."""

from __future__ import annotations

from dataclasses import replace

from supertable.application.ports.readers import OpenedFiles, ReadOptions
from supertable.application.storage.arrow.arrow_schemas import arrow_schema
from supertable.domain.errors import InvalidInput
from supertable.domain.schema.schemas import Schema


def with_types_of(options: ReadOptions, schema: Schema) -> ReadOptions:
    """The options with the types of a table's columns. Types that the options give come first."""
    given = {name.lower() for name in options.types}
    known = {column.name: column.type for column in arrow_schema(schema) if column.name.lower() not in given}
    return replace(options, types={**known, **options.types})


def require_named_columns(options: ReadOptions, files: OpenedFiles) -> None:
    """Raises `InvalidInput` for a type or date format of a column that the files lack, or of files that have types."""
    given = [*options.types, *filter(None, options.date_formats)]
    if given and not files.columns:
        raise InvalidInput("Types and date formats can be given for text only: CSV, TSV, JSON and NDJSON.")
    found = {column.name.lower() for column in files.columns}
    missing = next((name for name in given if name.lower() not in found), None)
    if missing is not None:
        names = ", ".join(column.name for column in files.columns)
        raise InvalidInput(f"There is no column {missing!r} to give a type or a date format. The columns are {names}.")
