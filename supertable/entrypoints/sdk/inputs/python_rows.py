"""Rows that are Python objects: a list or an iterator of dicts or dataclasses, or a dict of columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from supertable.domain.errors import InvalidInput
from supertable.domain.schema.schemas import Schema
from supertable.entrypoints.sdk.inputs.python_values import Place, array_of, hinted_types, mapping_of

_SCALARS = (str, bytes, bytearray, Mapping)


def is_row(value: Any) -> bool:
    return isinstance(value, Mapping) or (dataclasses.is_dataclass(value) and not isinstance(value, type))


def table_of_rows(rows: Sequence[Any], known: Schema | None, same_columns: bool) -> pa.Table:
    """`known`: the columns of the table, if it exists. `same_columns`: all rows must have the same ones.

    Raises `InvalidInput` and `InvalidSchema`, which name the row.
    """
    for number, row in enumerate(rows, 1):
        if not is_row(row):
            raise InvalidInput(f"Row {number:,} is a {type(row).__name__}. All rows must be dicts or dataclasses.")
    given = [mapping_of(row) for row in rows]
    names = list(dict.fromkeys(chain.from_iterable(given)))
    _check_names(names)
    if same_columns:
        _require_same(given, names)
    arrays = {name: _array([row.get(name) for row in given], name, known) for name in names}
    hints = hinted_types(type(rows[0])) if dataclasses.is_dataclass(rows[0]) else {}
    return pa.table({name: _as_hinted(array, hints.get(name)) for name, array in arrays.items()})


def table_of_columns(columns: Mapping[Any, Any], known: Schema | None) -> pa.Table:
    """Raises `InvalidInput` for columns of different lengths, and for values that are no columns."""
    _check_names(list(columns))
    arrays = {name: _column(values, name, known) for name, values in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length:,}" for name, length in lengths.items())
        raise InvalidInput(f"Columns must have equally many values: {told}.")
    return pa.table(arrays)


def table_of_records(records: np.ndarray[Any, Any]) -> pa.Table:
    """The rows of a numpy array with named fields."""
    return table_of_columns({name: records[name] for name in records.dtype.names or ()}, None)


def _as_hinted(array: pa.Array, kind: pa.DataType | None) -> pa.Array:
    """Nulls of the type that the dataclass names, if all values are null."""
    return array.cast(kind) if kind is not None and pa.types.is_null(array.type) else array


def _column(values: Any, name: str, known: Schema | None) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if isinstance(values, np.ndarray):
        return _of_numpy(values, name, known)
    if hasattr(values, "__arrow_c_stream__"):
        return pa.chunked_array(values)
    if hasattr(values, "__arrow_array__"):
        return pa.array(values)
    if hasattr(values, "__array__"):
        return _of_numpy(np.asarray(values), name, known)
    if isinstance(values, Sequence) and not isinstance(values, _SCALARS):
        return _array(list(values), name, known)
    raise InvalidInput(
        f"Column {name!r} is a {type(values).__name__}, but must be a list or array. A dict has a list for each "
        "column; write one row as [{…}]."
    )


def _of_numpy(values: np.ndarray[Any, Any], name: str, known: Schema | None) -> pa.Array:
    if values.ndim != 1:
        raise InvalidInput(f"Column {name!r} is an array of {values.ndim} dimensions, but must have one.")
    if values.dtype.kind in "OV":
        return _array(list(values), name, known)
    try:
        return pa.array(values.astype(values.dtype.newbyteorder("=")), from_pandas=False)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise InvalidInput(f"Column {name!r} is an array of {values.dtype}, which no column holds.") from error


def _array(values: Sequence[Any], name: str, known: Schema | None) -> pa.Array:
    field = known.find(name) if known else None
    return array_of(values, Place(name, range(1, len(values) + 1), field.type if field else None))


def _check_names(names: Sequence[Any]) -> None:
    if not names:
        raise InvalidInput("The data has no columns. For no rows, give a table or frame that has columns.")
    wrong = next((name for name in names if not isinstance(name, str)), None)
    if wrong is not None:
        raise InvalidInput(f"The name of a column must be text, and not the {type(wrong).__name__} {wrong!r}.")


def _require_same(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    for number, row in enumerate(rows, 1):
        lacking = next((name for name in names if name not in row), None)
        if lacking is not None:
            raise InvalidInput(
                f"Row {number:,} lacks the column {lacking!r}, which other rows have. An upsert leaves absent columns "
                "unchanged, so all its rows must have the same columns."
            )
