"""Where rows do not fit: the row, counted from 1, and the value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.arrow.arrow_encodings import is_text_or_bytes
from supertable.domain.errors import InvalidSchema

Column: TypeAlias = pa.Array | pa.ChunkedArray
Checked = TypeVar("Checked")

_MOST_SHOWN = 120


def in_rows(check: Callable[[Column], Checked], column: Column, rows: Sequence[int]) -> Checked:
    """What `check` returns. The `InvalidSchema` that it raises names the first row that does not fit.

    `rows`: the numbers of the column's rows among all rows of the write.
    """
    try:
        return check(column)
    except InvalidSchema:
        at = _first(check, column, InvalidSchema)
    try:
        return check(column.slice(at, 1))
    except InvalidSchema as error:
        raise InvalidSchema(error.column, f"row {rows[at]:,}: {error.reason}") from error.__cause__


def misfit(
    path: str, reason: str, check: Callable[[Column], object], values: Column, remedy: str = ""
) -> InvalidSchema:
    """The error for the first of the values for which `check` raises `pa.ArrowInvalid`."""
    value = values[_first(check, values, pa.ArrowInvalid)]
    return InvalidSchema(path, f"{reason}. The value is {shown(value)}{remedy and f'. {remedy}'}")


def _first(check: Callable[[Column], object], values: Column, error: type[Exception]) -> int:
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            check(values.slice(low, middle - low))
            low = middle
        except error:
            high = middle
    return low


def shown(value: pa.Scalar) -> str:
    """The value as text, cut where it is long."""
    text = _text(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _text(value: pa.Scalar) -> str:
    if pa.types.is_nested(value.type):
        return str(value)
    if not is_text_or_bytes(value.type):
        return str(pc.cast(value, pa.string()))
    try:
        return repr(value.as_py())
    except UnicodeDecodeError:
        return repr(value.as_buffer().to_pybytes())
