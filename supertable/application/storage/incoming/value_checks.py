"""Checks of incoming values: what every reader of a table can hold, at every depth.

1. Text is valid UTF-8, times are within a day, decimals have no more digits than their type.
2. Dates and timestamps are in the years 1 to 9999 (UTC), which ISO 8601 and Python hold too. Infinity is no moment, and
   engines call the outermost nanoseconds so.
3. A field that forbids nulls has none. In a null struct, list or map nothing is missing.
4. A map has every key once. Nested keys, which only tables of older versions have, are not compared.

Only values that exist are checked, not what lies under a null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.arrow.arrow_schemas import is_bool8
from supertable.application.storage.incoming.misfits import Column, in_rows, misfit
from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import MOST_NS, UNITS, DataType, Field

_FIRST_DAY = -719_162
"""0001-01-01, in days since 1970."""
_LAST_DAY = 2_932_896
"""9999-12-31."""
_SECONDS_PER_DAY = 86_400
_MISFITS = {
    "string": "the text is not valid UTF-8; decode it, or store it as binary",
    "time": "the time is not within a day: from 00:00:00 to before 24:00:00",
    "decimal": "the value has more digits than its type",
}


def check_values(rows: pa.Table, schema: Schema, first_row: int = 1) -> pa.Table:
    """The rows, which have the columns of `schema`. Raises `InvalidSchema` by rules 1, 2 and 4.

    `first_row`: the number of the first of them among all rows of the write.
    """
    for column, field in zip(rows.columns, schema.fields, strict=True):
        in_rows(
            partial(_check_values, field=field, path=field.name), column, range(first_row, first_row + rows.num_rows)
        )
    return rows


def check_nulls(column: Column, field: Field, path: str, allowed: int = 0) -> None:
    """Raises `InvalidSchema` by rule 3. `allowed`: how many nulls are those of the parent."""
    missing = column.null_count - allowed
    if missing and not field.nullable:
        raise InvalidSchema(path, "it may not be null")
    if any(not part.nullable for child in field.type.fields for part in child.walk()):
        inherited = column.null_count if field.type.name == "struct" else 0
        for part, child in zip(_parts(column), field.type.fields, strict=True):
            check_nulls(part, child, f"{path}.{child.name}", inherited)


def check_booleans(column: Column, path: str) -> None:
    """Raises `InvalidSchema` for a value of an `arrow.bool8` that is neither 0 nor 1."""

    def check(numbers: Column) -> None:
        _require_between(numbers, 0, 1)

    if is_bool8(column.type):
        numbers = column.cast(pa.int8())
        _require(check, numbers, path, "booleans are the numbers 0 and 1 only")
    elif _has_parts(column.type):
        for part in _parts(column):
            check_booleans(part, path)


def _check_values(column: Column, field: Field, path: str) -> None:
    kind = field.type
    for part, child in zip(_parts(column) if kind.fields else (), kind.fields, strict=True):
        _check_values(part, child, f"{path}.{child.name}")
    if kind.name == "map" and not kind.fields[0].type.fields:
        _require(_check_map_keys, column, path, "the map has a key twice")
    elif kind.name in _MISFITS:
        _require(_validate, column, path, _MISFITS[kind.name])
    elif kind.name in ("date", "timestamp"):
        _check_moments(column, kind, path)


def _validate(column: Column) -> None:
    column.validate(full=True)


def _check_moments(column: Column, kind: DataType, path: str) -> None:
    low, high = _bounds(kind)
    unit = pa.int32() if kind.name == "date" else pa.int64()

    def check(moments: Column) -> None:
        _require_between(moments.cast(unit), low, high)

    years = "September 1677 to April 2262" if kind.unit == "ns" else "the years 1 to 9999"
    _require(check, column, path, f"the value is infinite or not within {years}, as a {kind} must be")


def _require_between(numbers: Column, low: int, high: int) -> None:
    ends = pc.min_max(numbers)
    if ends["min"].is_valid and not low <= ends["min"].as_py() <= ends["max"].as_py() <= high:
        raise pa.ArrowInvalid("not within its bounds")


def _require(check: Callable[[Column], None], column: Column, path: str, reason: str) -> None:
    """Raises `InvalidSchema` for the first value for which `check` raises `pa.ArrowInvalid`."""
    try:
        check(column)
    except pa.ArrowInvalid as error:
        raise misfit(path, reason, check, column) from error


def _bounds(kind: DataType) -> tuple[int, int]:
    """The least and the greatest value, in the units of the type."""
    if kind.name == "date":
        return _FIRST_DAY, _LAST_DAY
    if kind.unit == "ns":
        return -MOST_NS, MOST_NS
    units = _SECONDS_PER_DAY * int(10 ** UNITS[kind.unit])
    return _FIRST_DAY * units, (_LAST_DAY + 1) * units - 1


def _has_parts(kind: pa.DataType) -> bool:
    is_list = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return pa.types.is_struct(kind) or pa.types.is_map(kind) or any(test(kind) for test in is_list)


def _parts(column: Column) -> Iterator[Column]:
    """The values that exist of the parts of a nested column: of a struct one per row, null where the struct is."""
    kind = column.type
    if pa.types.is_struct(kind):
        yield from (pc.struct_field(column, [i]) for i in range(kind.num_fields))
    elif pa.types.is_map(kind):
        entries = pc.list_flatten(as_list(column))
        yield from (pc.struct_field(entries, [i]) for i in range(2))
    else:
        yield pc.list_flatten(column)


def as_list(column: Column) -> Column:
    """A map as a list of its entries."""
    kind = column.type
    entry = pa.struct([pa.field("key", kind.key_type), pa.field("value", kind.item_type)])
    return column.cast(pa.list_(entry))


def _check_map_keys(column: Column) -> None:
    entries = as_list(column)
    keys = pc.struct_field(pc.list_flatten(entries), [0])
    if pa.types.is_floating(keys.type):
        keys = pc.add(keys.cast(pa.float64()), 0.0)  # 0.0 and -0.0 are one key
    pairs = pa.table({"row": pc.list_parent_indices(entries), "key": keys})
    if pairs.group_by(["row", "key"]).aggregate([]).num_rows < pairs.num_rows:
        raise pa.ArrowInvalid("a key twice")
