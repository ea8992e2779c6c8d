"""Rows as tuples of Python values, none of them changed.

A value has Python's own type where that holds it exactly: int, float, str, bytes, bool, Decimal, date, time, datetime,
list, and dict for structs and for maps. A value that it cannot hold, such as a timestamp with nanoseconds or infinity
as a date, is the text that CSV has. Intervals are `pyarrow.MonthDayNano`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from supertable.entrypoints.encoding.values import is_list, list_values, map_entries, texts

_ROWS_AT_A_TIME = 2_048
_DAY_US = 24 * 60 * 60 * 10**6
Row = tuple[Any, ...]


def python_rows(batches: Iterable[pa.RecordBatch]) -> Iterator[Row]:
    """One tuple per row. A part of a batch is converted when its first row is taken."""
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS_AT_A_TIME):
            part = batch.slice(start, _ROWS_AT_A_TIME)
            yield from zip(*map(python_values, part.columns), strict=True)


def python_values(array: pa.Array) -> list[Any]:
    """The values of an array as Python objects."""
    type_ = array.type
    if isinstance(type_, pa.BaseExtensionType):
        return python_values(array.storage)
    if pa.types.is_dictionary(type_):
        return python_values(array.dictionary_decode())
    if pa.types.is_struct(type_):
        return _structs(array)
    if pa.types.is_map(type_):
        return _maps(array)
    if is_list(type_):
        return list_values(array, python_values)
    if pa.types.is_temporal(type_) and not pa.types.is_interval(type_):
        return _moments(array)
    values: list[Any] = array.to_pylist()
    return values


def _moments(array: pa.Array) -> list[Any]:
    """Dates, times and timestamps in microseconds, as Python has them, or as text."""
    try:
        return _exact_moments(array)
    except (ValueError, OverflowError, pa.ArrowInvalid):
        return [_moment(array.slice(i, 1)) for i in range(len(array))]


def _moment(one: pa.Array) -> Any:
    try:
        return _exact_moments(one)[0]
    except (ValueError, OverflowError, pa.ArrowInvalid):
        return texts(one)[0]


def _exact_moments(array: pa.Array) -> list[Any]:
    """Raises one of the errors that `_moments` catches if Python cannot hold a value."""
    type_ = array.type
    if pa.types.is_timestamp(type_):
        array = array.cast(pa.timestamp("us", type_.tz))
    elif pa.types.is_time(type_):
        array = array.cast(pa.time64("us"))
        if pc.any(pc.greater_equal(array.cast(pa.int64()), _DAY_US)).as_py():
            raise ValueError("24:00:00 is no time of Python's.")
    elif pa.types.is_duration(type_):
        array = array.cast(pa.duration("us"))
    values: list[Any] = array.to_pylist()
    return values


def _structs(array: pa.StructArray) -> list[Any]:
    names = [field.name for field in array.type]
    columns = [python_values(column) for column in array.flatten()]
    rows = zip(*columns, strict=True) if columns else ((),) * len(array)
    valid = array.is_valid().to_pylist()
    return [dict(zip(names, row, strict=True)) if known else None for row, known in zip(rows, valid, strict=True)]


def _maps(array: pa.MapArray) -> list[Any]:
    """Dictionaries; lists of pairs where the keys are values that no dictionary can have as keys."""
    found = iter(list_values(map_entries(array), python_values))
    rows = [next(found) if valid else None for valid in array.is_valid().to_pylist()]
    return [None if row is None else _dictionary([(one["key"], one["value"]) for one in row]) for row in rows]


def _dictionary(pairs: list[tuple[Any, Any]]) -> Any:
    try:
        return dict(pairs)
    except TypeError:
        return pairs
