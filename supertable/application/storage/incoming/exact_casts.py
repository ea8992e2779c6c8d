"""The one rule for typed values that become values of a column: cast back they are the same, or they are refused.

1. An integer becomes a float or decimal that is the same number. A float or decimal without a fraction becomes an
   integer.
2. A float becomes the decimal that it is written as: 9.99 is 9.99 although no float is exactly that. A decimal becomes
   the nearest float if that, rounded to as many digits, is the decimal again.
3. NaN is a value of floats only. In other columns it is null, as pandas means it.
4. A timestamp at midnight becomes a date. A timestamp without a zone becomes an instant only in a zone that is given,
   and if that zone has this local time once.
5. Nulls without a type fit every type. Text becomes no other type, and no other type becomes text.

`domain.schema.casts` says which types may have values of another. Whole arrays are cast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as is_type

from supertable.application.storage.arrow.arrow_encodings import decoded, is_text_or_bytes, plain
from supertable.application.storage.arrow.arrow_schemas import data_type, is_bool8
from supertable.application.storage.incoming.misfits import Column, misfit
from supertable.application.storage.incoming.value_checks import as_list, check_booleans
from supertable.domain.errors import InvalidInput, InvalidSchema
from supertable.domain.schema.casts import remedy
from supertable.domain.schema.types import DataType

_EVERY_INTEGER = pa.decimal128(20, 0)
_WHOLE = pa.decimal256(76, 0)
_SOME_NOON = 961_070_400
"""2000-06-15 12:00, which no zone has twice."""
_MOST_EXACT = 2.0**53
"""From here on, floats are integers, and some integers become another float."""


@dataclass(frozen=True, slots=True)
class ExactCast:
    """`timezone`: of timestamps without a zone that become instants; empty: they are refused."""

    timezone: str = ""

    def __call__(self, column: Column, kind: DataType, target: pa.DataType, path: str) -> Column:
        """The column as `target`, Arrow's type of `kind`. Raises `InvalidSchema` for a value that does not fit.

        `path`: the column's name, for errors.
        """
        try:
            if isinstance(column, pa.ChunkedArray):
                return pa.chunked_array([self._cast(chunk, kind, target, path) for chunk in column.chunks], target)
            return self._cast(column, kind, target, path)
        except pa.ArrowException as error:
            raise InvalidSchema(path, f"Arrow cannot read its values, of type {column.type}: {error}") from error

    def _cast(self, column: pa.Array, kind: DataType, target: pa.DataType, path: str) -> pa.Array:
        if column.type == target:
            return column
        check_booleans(column, path)
        column = plain(column).cast(pa.bool_()) if is_bool8(column.type) else decoded(column)
        if is_type.is_null(column.type):
            return pa.nulls(len(column), target)
        if not kind.fields:
            return self._scalars(column, kind, target, path)
        nested = {"struct": self._struct, "list": self._list, "map": self._map}
        return nested[kind.name](column, kind, target, path)

    def _struct(self, column: pa.Array, kind: DataType, target: pa.DataType, path: str) -> pa.Array:
        members = []
        for field, member in zip(kind.fields, target, strict=True):
            at = column.type.get_field_index(field.name)
            members.append(
                pa.nulls(len(column), member.type)
                if at < 0
                else self._cast(pc.struct_field(column, [at]), field.type, member.type, f"{path}.{field.name}")
            )
        return pa.StructArray.from_arrays(members, fields=list(target), mask=column.is_null())

    def _list(self, column: pa.Array, kind: DataType, target: pa.DataType, path: str) -> pa.Array:
        (element,) = kind.fields
        values = self._cast(pc.list_flatten(column), element.type, target.value_type, f"{path}.{element.name}")
        return pa.ListArray.from_arrays(_offsets(column), values, target, mask=column.is_null())

    def _map(self, column: pa.Array, kind: DataType, target: pa.DataType, path: str) -> pa.Array:
        lists = as_list(column)
        entries = pc.list_flatten(lists)
        parts = [
            self._cast(pc.struct_field(entries, [i]), field.type, type_, f"{path}.{field.name}")
            for i, (field, type_) in enumerate(zip(kind.fields, (target.key_type, target.item_type), strict=True))
        ]
        return pa.MapArray.from_arrays(_offsets(lists), *parts, target, mask=column.is_null())

    def _scalars(self, column: pa.Array, kind: DataType, target: pa.DataType, path: str) -> pa.Array:
        def convert(values: pa.Array) -> pa.Array:
            return _converted(values, target, self.timezone)

        try:
            return convert(column)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            hint = remedy(kind, data_type(column.type, path), self.timezone)
            raise misfit(path, f"the value does not fit {kind} exactly", convert, column, hint) from error


def checked_timezone(timezone: str) -> str:
    """Raises `InvalidInput` for a name that is no time zone. Empty: none is given."""
    try:
        if timezone:
            pc.assume_timezone(pa.array([_SOME_NOON], pa.timestamp("s")), timezone)
    except (pa.ArrowInvalid, TypeError) as error:
        raise InvalidInput(
            f"There is no time zone {timezone!r}. Name one like Europe/Berlin, UTC or +02:00."
        ) from error
    return timezone


def _offsets(lists: pa.Array) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return pa.array(np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))), pa.int32())


def _converted(values: pa.Array, target: pa.DataType, timezone: str) -> pa.Array:
    """Raises `pa.ArrowInvalid` where one of the values does not fit."""
    if values.type == target:
        return values
    families = _family(values.type), _family(target)
    if families[1] == "timestamp":
        return _timestamps(values, target, timezone)
    if families in _CASTS:
        return _CASTS[families](values, target)
    _require(pa.array([families[0] == families[1]]))
    return values.cast(target)


def _family(kind: pa.DataType) -> str:
    return next((name for test, name in _FAMILIES if test(kind)), str(kind))


def _integers_of_floats(values: pa.Array, target: pa.DataType) -> pa.Array:
    return _without_nan(values).cast(target)


def _floats_of_integers(values: pa.Array, target: pa.DataType) -> pa.Array:
    floats = values.cast(pa.float64(), safe=False)
    if pc.any(pc.greater_equal(pc.abs(floats), _MOST_EXACT)).as_py():
        _require(pc.equal(floats.cast(_WHOLE), values.cast(_WHOLE)))
    return _floats_of_floats(floats, target)


def _floats_of_floats(values: pa.Array, target: pa.DataType) -> pa.Array:
    floats = values.cast(target, safe=False)
    same = pc.equal(floats.cast(pa.float64()), values.cast(pa.float64()))
    _require(pc.or_(same, pc.is_nan(values)))
    return floats


def _floats_of_decimals(values: pa.Array, target: pa.DataType) -> pa.Array:
    texts = values.cast(pa.string())
    floats = texts.cast(pa.float32()).cast(target) if is_type.is_float16(target) else texts.cast(target)
    wide = pa.decimal256(76, values.type.scale)
    _require(pc.equal(floats.cast(pa.float64()).cast(wide), values.cast(wide)))
    return floats


def _decimals_of_integers(values: pa.Array, target: pa.DataType) -> pa.Array:
    return values.cast(_EVERY_INTEGER).cast(target)


def _decimals_of_floats(values: pa.Array, target: pa.DataType) -> pa.Array:
    values = _without_nan(values)
    is_large = pc.greater_equal(pc.abs(values), _MOST_EXACT)
    nothing = pa.scalar(None, values.type)
    decimals = _decimals_as_written(pc.if_else(is_large, nothing, values), target)
    if not pc.any(is_large).as_py():
        return decimals
    return pc.coalesce(decimals, pc.if_else(is_large, values, nothing).cast(pa.float64()).cast(_WHOLE).cast(target))


def _decimals_as_written(values: pa.Array, target: pa.DataType) -> pa.Array:
    texts = values.cast(pa.string())
    decimals = texts.cast(target)
    has_exponent = pc.match_substring(texts, "e")
    if pc.any(has_exponent).as_py():  # Arrow reads some of these as zero
        back = decimals.filter(has_exponent).cast(pa.string()).cast(values.type)
        _require(pc.equal(back, values.filter(has_exponent)))
    return decimals


def _without_nan(values: pa.Array) -> pa.Array:
    """The values, null for NaN. Half floats are single ones, since Arrow casts these alone correctly."""
    if is_type.is_float16(values.type):
        values = values.cast(pa.float32())
    is_nan = pc.is_nan(values)
    return pc.if_else(is_nan, pa.scalar(None, values.type), values) if pc.any(is_nan).as_py() else values


def _dates_of_timestamps(values: pa.Array, target: pa.DataType) -> pa.Array:
    _require(pa.array([values.type.tz is None]))
    days = values.cast(target)
    _require(pc.equal(days.cast(values.type), values))
    return days


def _timestamps(values: pa.Array, target: pa.DataType, timezone: str) -> pa.Array:
    if is_type.is_date(values.type):
        values = values.cast(pa.timestamp("us"))
    _require(pa.array([_family(values.type) == "timestamp"]))
    if values.type.tz is None and target.tz is not None and timezone:
        values = pc.assume_timezone(values, timezone)
    _require(pa.array([(values.type.tz is None) == (target.tz is None)]))
    return values.cast(target)


def _require(fits: pa.Array) -> None:
    if not pc.all(fits, min_count=0).as_py():
        raise pa.ArrowInvalid("not exact")


_FAMILIES: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (is_type.is_integer, "integer"),
    (is_type.is_floating, "float"),
    (is_type.is_decimal, "decimal"),
    (is_type.is_date, "date"),
    (is_type.is_timestamp, "timestamp"),
    (is_type.is_time, "time"),
    (lambda kind: is_type.is_string(kind) or is_type.is_large_string(kind) or is_type.is_string_view(kind), "text"),
    (lambda kind: is_text_or_bytes(kind) or is_type.is_fixed_size_binary(kind), "bytes"),
)
_CASTS: dict[tuple[str, str], Callable[[pa.Array, pa.DataType], pa.Array]] = {
    ("integer", "float"): _floats_of_integers,
    ("integer", "decimal"): _decimals_of_integers,
    ("float", "integer"): _integers_of_floats,
    ("float", "float"): _floats_of_floats,
    ("float", "decimal"): _decimals_of_floats,
    ("decimal", "integer"): lambda values, target: values.cast(target),
    ("decimal", "float"): _floats_of_decimals,
    ("timestamp", "date"): _dates_of_timestamps,
}
