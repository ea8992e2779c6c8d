"""Anything that has rows, as a stream of Arrow batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from os import PathLike
from typing import Any

import numpy as np
import pyarrow as pa

from supertable.application.storage.arrow.arrow_schemas import arrow_type, fields_of
from supertable.application.storage.arrow_batches import as_reader, conformer
from supertable.domain.errors import InvalidInput, SupertableError
from supertable.domain.schema.schemas import Schema, first_schema
from supertable.entrypoints.sdk.inputs.frames import library_of, reader_of_polars, table_of_pandas
from supertable.entrypoints.sdk.inputs.python_rows import is_row, table_of_columns, table_of_records, table_of_rows

TAKEN = (
    "Give a pyarrow Table, RecordBatch, RecordBatchReader or Dataset; a polars or pandas DataFrame, or a LazyFrame; "
    "a DuckDB relation; the result of a query; a dict of columns; a list or iterator of dicts, dataclasses or "
    "batches; or paths of files"
)


def paths_of(data: Any) -> list[str | PathLike[str]] | None:
    """The paths or patterns of files, if the data is such; else None."""
    if isinstance(data, str | PathLike):
        return [data]
    if isinstance(data, list | tuple) and data and all(isinstance(each, str | PathLike) for each in data):
        return list(data)
    return None


def listed_paths(data: Any) -> Any:
    """The data; an iterator of paths, such as `folder.glob("*.csv")`, as a list."""
    if not isinstance(data, Iterator) or hasattr(data, "__arrow_c_stream__"):
        return data
    first = list(islice(data, 1))
    return [*first, *data] if first and isinstance(first[0], PathLike) else chain(first, data)


def rows_of(data: Any, known: Schema | None = None, same_columns: bool = False) -> pa.RecordBatchReader:
    """The rows of the data. Batches of an iterator are streamed; Python objects are held in memory.

    `known`: the columns of the table, if it exists. `same_columns`: dicts must have the same columns.
    Raises `InvalidInput` and its kinds for data that has no rows, or no columns.
    """
    try:
        return _reader(data, known, same_columns)
    except RecursionError as error:
        raise InvalidInput("The rows are nested too deeply.") from error
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise InvalidInput(f"The rows of the {type(data).__name__} cannot be read: {error}") from error


def _reader(data: Any, known: Schema | None, same_columns: bool) -> pa.RecordBatchReader:
    found = _of_library(data, known)
    if found is not None:
        return found
    if hasattr(data, "__arrow_c_stream__"):
        return _told(_stream(data))
    if isinstance(data, Mapping):
        return table_of_columns(data, known).to_reader()
    if isinstance(data, Iterable) and not isinstance(data, str | bytes | bytearray | np.ndarray):
        return _of_iterator(iter(data), known, same_columns)
    hint = " For one row, give a list: [row]." if is_row(data) else ""
    raise InvalidInput(f"Rows cannot be read from a {type(data).__name__}.{hint} {TAKEN}.")


def _of_library(data: Any, known: Schema | None) -> pa.RecordBatchReader | None:
    """The rows of objects that a library has made and that need care; None: it is no such object."""
    name, library = type(data).__name__, library_of(data)
    if name == "Series" and library in ("pandas", "polars"):
        raise InvalidInput(f"A {library} Series is no table, but one column. Give a DataFrame with it: .to_frame().")
    if name == "DataFrame" and library == "pandas":
        return table_of_pandas(data, known).to_reader()
    if name in ("DataFrame", "LazyFrame") and library == "polars":
        return _told(reader_of_polars(data))
    if isinstance(data, np.ndarray) and data.dtype.names:
        return table_of_records(data).to_reader()
    if isinstance(data, pa.Table | pa.RecordBatch):
        return as_reader(data)
    if library == "pyarrow" and (hasattr(data, "scanner") or hasattr(data, "to_reader")):
        return _told((data.scanner() if hasattr(data, "scanner") else data).to_reader())
    return None


def _of_iterator(items: Iterator[Any], known: Schema | None, same_columns: bool) -> pa.RecordBatchReader:
    first = next(items, None)
    if first is None:
        raise InvalidInput("There are no rows, and so no columns. For no rows, give a table or frame that has columns.")
    if is_row(first):
        return table_of_rows([first, *items], known, same_columns).to_reader()
    if isinstance(first, str | PathLike | int | float | Sequence):
        raise InvalidInput(f"Rows cannot be read from a {type(first).__name__} in a list. {TAKEN}.")
    return _of_parts(_reader(first, known, same_columns), items, known)


def _of_parts(first: pa.RecordBatchReader, others: Iterator[Any], known: Schema | None) -> pa.RecordBatchReader:
    """The rows of several tables or frames. Later ones are cast to the types of the first, if their values fit."""
    schema = pa.schema([_typed(field, known) for field in first.schema])

    def batches() -> Iterator[pa.RecordBatch]:
        row = 1
        for part in chain([first], (_reader(each, known, False) for each in others)):
            for batch in part:
                yield from _as(schema, batch, row)
                row += batch.num_rows

    return pa.RecordBatchReader.from_batches(schema, batches())


def _typed(field: pa.Field, known: Schema | None) -> pa.Field:
    """The column, with the type of the table's own column where it is null only."""
    found = known.find(field.name) if known and pa.types.is_null(field.type) else None
    return pa.field(field.name, arrow_type(found.type) if found else field.type)


def _as(schema: pa.Schema, batch: pa.RecordBatch, row: int) -> Iterator[pa.RecordBatch]:
    if batch.schema.equals(schema):
        yield batch
        return
    if sorted(batch.schema.names) != sorted(schema.names):
        raise InvalidInput(
            f"From row {row:,}, the columns are {', '.join(batch.schema.names)}, and before they are "
            f"{', '.join(schema.names)}. All batches must have the same."
        )
    if batch.schema.types == schema.types and batch.schema.names == schema.names:
        yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
        return
    columns = first_schema(fields_of(schema))
    rows = conformer(batch.schema, columns)(batch, row)
    yield from rows.cast(schema).to_batches()


def _stream(data: Any) -> pa.RecordBatchReader:
    """The stream of an object of any library. Its errors are `InvalidInput`."""
    try:
        return as_reader(data)
    except SupertableError:
        raise
    except Exception as error:
        raise InvalidInput(f"The rows cannot be read: {error}") from error


def _told(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The rows. Errors of the library that makes them are `InvalidInput`."""

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        except SupertableError:
            raise
        except (pa.ArrowException, OSError) as error:
            raise InvalidInput(f"The rows cannot be read: {error}") from error

    return pa.RecordBatchReader.from_batches(reader.schema, batches())
