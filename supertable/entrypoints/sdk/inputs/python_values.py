"""Python values as an Arrow array. Its type follows from all of the values, and never changes one of them.

Values of several types in one column are refused, with one exception: numbers for a column that a table has already
become exactly its numbers.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import accumulate, chain
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.arrow.arrow_schemas import arrow_type
from supertable.application.storage.incoming.exact_casts import ExactCast
from supertable.application.storage.incoming.misfits import in_rows
from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.types import DataType

_MOST_SHOWN = 120
_NUMBERS = frozenset({"int", "float", "Decimal"})
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "bool"),
    (int, "int"),
    (float, "float"),
    (str, "str"),
    (Decimal, "Decimal"),
    (dt.datetime, "datetime"),
    (dt.date, "date"),
    (dt.time, "time"),
    (dt.timedelta, "timedelta"),
    ((bytes, bytearray, memoryview), "bytes"),
    (UUID, "UUID"),
    ((list, tuple), "list"),
    (Mapping, "dict"),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where values come from. `path`: of the column. `rows`: the number of each value's row.

    `known`: the type of the column, if a table has it already.
    """

    path: str
    rows: Sequence[int]
    known: DataType | None = None

    def error(self, at: int, reason: str, value: Any) -> InvalidSchema:
        return InvalidSchema(self.path, f"row {self.rows[at]:,}: {reason}. The value is {_shown(value)}")

    def part(self, name: str, position: int | None = None, rows: Sequence[int] | None = None) -> Place:
        """A part of nested values. `position`: in the fields of the known type; None: by name."""
        fields = self.known.fields if self.known else ()
        found = next((field for i, field in enumerate(fields) if i == position or field.name == name), None)
        return Place(f"{self.path}.{name}", rows or self.rows, found.type if found else None)


def array_of(values: Sequence[Any], place: Place) -> pa.Array:
    """Raises `InvalidSchema` for values of several types, and for values that no column holds."""
    values = _plain(values)
    kinds = _kinds_of(values, place)
    if not kinds:
        return pa.nulls(len(values))
    if len(kinds) > 1:
        return _numbers_of(values, kinds, place)
    (kind,) = kinds
    try:
        return _BUILDERS[kind](values, place)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError, ValueError, TypeError) as error:
        raise _first_wrong(values, kind, place, error) from error


def _plain(values: Sequence[Any]) -> Sequence[Any]:
    """The values, None for the missing values of pandas, and scalars and arrays of numpy as Python's own."""
    odd = {type(value) for value in values if type(value).__module__.partition(".")[0] in ("numpy", "pandas")}
    return [plain_value(value) if type(value) in odd else value for value in values] if odd else values


def plain_value(value: Any) -> Any:
    """A scalar or array of numpy, or a missing value of pandas, as Python's own. Other values as they are."""
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if isinstance(value, np.ndarray):
        return list(value)
    if isinstance(value, np.datetime64 | np.timedelta64):
        (plain,) = pa.array(np.array([value])).to_pylist()
        return plain
    return value.item() if isinstance(value, np.generic) else value


def _kind(type_: type) -> str | None:
    if dataclasses.is_dataclass(type_):
        return "dict"
    return next((kind for known, kind in _KINDS if issubclass(type_, known)), None)


def _kinds_of(values: Sequence[Any], place: Place) -> dict[str, int]:
    """The kinds of values that are not null, with the position of the first of each."""
    found: dict[str, int] = {}
    by_type = {type_: _kind(type_) for type_ in set(map(type, values)) if type_ is not type(None)}
    for type_, kind in by_type.items():
        first = next(i for i, value in enumerate(values) if type(value) is type_)
        if kind is None:
            raise place.error(first, f"no column holds values of type {type_.__name__}", values[first])
        found[kind] = min(found.get(kind, first), first)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _numbers_of(values: Sequence[Any], kinds: Mapping[str, int], place: Place) -> pa.Array:
    """Values of several types as numbers of the known column. Raises `InvalidSchema` where they are no numbers."""
    known = place.known
    if known is None or known.fields or not kinds.keys() <= _NUMBERS:
        (first, _), (second, at) = list(kinds.items())[:2]
        raise place.error(
            at, f"it is of type {second}, and rows before are of type {first}; make them one type", values[at]
        )
    target = arrow_type(known)
    cast = partial(ExactCast(), kind=known, target=target, path=place.path)
    parts = []
    for kind in kinds:
        own = [value if value is not None and _kind(type(value)) == kind else None for value in values]
        parts.append(in_rows(cast, array_of(own, place), place.rows))
    return pc.coalesce(*parts)


def _first_wrong(values: Sequence[Any], kind: str, place: Place, error: Exception) -> InvalidSchema:
    for at, value in enumerate(values):
        try:
            _BUILDERS[kind]([value], place)
        except (pa.ArrowException, UnicodeEncodeError, OverflowError, ValueError, TypeError):
            return place.error(at, f"no column holds this value of type {kind}", value)
    return InvalidSchema(place.path, f"no type holds its values: {error}")


def _as_type(values: Sequence[Any], _place: Place, kind: pa.DataType) -> pa.Array:
    return pa.array(values, kind, from_pandas=False)


def _integers(values: Sequence[int | None], _place: Place) -> pa.Array:
    given = [value for value in values if value is not None]
    if min(given) >= -(2**63) and max(given) < 2**63:
        return pa.array(values, pa.int64())
    if min(given) >= 0 and max(given) < 2**64:
        return pa.array(values, pa.uint64())
    return pa.array([None if value is None else Decimal(value) for value in values], pa.decimal128(38, 0))


def _decimals(values: Sequence[Decimal | None], _place: Place) -> pa.Array:
    found = pa.array(values)
    if not pa.types.is_decimal128(found.type):
        raise ValueError("together they have more than 38 digits")
    return found.cast(pa.decimal128(found.type.precision, 0)) if found.type.scale < 0 else found


def _datetimes(values: Sequence[dt.datetime | None], place: Place) -> pa.Array:
    given = [(at, value) for at, value in enumerate(values) if value is not None]
    zoned = given[0][1].tzinfo is not None
    for at, value in given:
        if (value.tzinfo is not None) != zoned:
            raise place.error(at, "some datetimes have a zone and some have none; give all of them one, or none", value)
    unit = "ns" if any(getattr(value, "nanosecond", 0) for _, value in given) else "us"
    return pa.array(values, pa.timestamp(unit, "UTC" if zoned else None))


def _times(values: Sequence[dt.time | None], place: Place) -> pa.Array:
    for at, value in enumerate(values):
        if value is not None and value.tzinfo is not None:
            raise place.error(at, "no column holds times with a zone", value)
    return pa.array(values, pa.time64("us"))


def _uuids(values: Sequence[UUID | None], _place: Place) -> pa.Array:
    return pa.array([None if value is None else value.bytes for value in values], pa.binary())


def _bytes(values: Sequence[Any], _place: Place) -> pa.Array:
    return pa.array([None if value is None else bytes(value) for value in values], pa.binary())


def _lists(values: Sequence[Sequence[Any] | None], place: Place) -> pa.Array:
    counts = [len(value or ()) for value in values]
    rows = list(chain.from_iterable([row] * count for row, count in zip(place.rows, counts, strict=True)))
    elements = array_of(list(chain.from_iterable(value or () for value in values)), place.part("element", 0, rows))
    offsets = pa.array(accumulate(counts, initial=0), pa.int32())
    return pa.ListArray.from_arrays(offsets, elements, mask=_are_null(values))


def _structs(values: Sequence[Any], place: Place) -> pa.Array:
    given = [None if value is None else mapping_of(value) for value in values]
    if place.known is not None and place.known.name == "map":
        return _maps(given, place)
    names = list(dict.fromkeys(chain.from_iterable(value or () for value in given)))
    _require_names(names, given, place)
    members = [array_of([value and value.get(name) for value in given], place.part(name)) for name in names]
    return pa.StructArray.from_arrays(members, names, mask=_are_null(values))


def _maps(values: Sequence[Mapping[Any, Any] | None], place: Place) -> pa.Array:
    counts = [len(value or ()) for value in values]
    rows = list(chain.from_iterable([row] * count for row, count in zip(place.rows, counts, strict=True)))
    keys = array_of(list(chain.from_iterable(value or () for value in values)), place.part("key", 0, rows))
    items = list(chain.from_iterable((value or {}).values() for value in values))
    offsets = pa.array(accumulate(counts, initial=0), pa.int32())
    return pa.MapArray.from_arrays(offsets, keys, array_of(items, place.part("value", 1, rows)), mask=_are_null(values))


def hinted_types(row: type) -> dict[str, pa.DataType]:
    """The types that annotations of a dataclass name, such as `datetime | None`, where a column may have them."""
    try:
        hints = typing.get_type_hints(row)
    except (NameError, TypeError):  # names that only a type checker knows
        return {}
    kinds = {name: _without_none(hint) for name, hint in hints.items()}
    return {name: _HINTED[kind] for name, (kind, *others) in kinds.items() if kind in _HINTED and not others}


def _without_none(hint: Any) -> list[Any]:
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return [hint]
    return [kind for kind in typing.get_args(hint) if kind is not type(None)]


def mapping_of(value: Any) -> Mapping[Any, Any]:
    """The members of a dict or dataclass."""
    if isinstance(value, Mapping):
        return value
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _require_names(names: Sequence[Any], given: Sequence[Any], place: Place) -> None:
    wrong = next((name for name in names if not isinstance(name, str)), None)
    if wrong is not None:
        at = next(i for i, value in enumerate(given) if value and wrong in value)
        raise place.error(at, "names in a dict must be text", given[at])


def _are_null(values: Sequence[Any]) -> pa.Array:
    return pa.array([value is None for value in values], pa.bool_())


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


_HINTED = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bytes: pa.binary(),
    dt.date: pa.date32(),
    dt.datetime: pa.timestamp("us"),
    dt.time: pa.time64("us"),
}
_BUILDERS: dict[str, Callable[[Sequence[Any], Place], pa.Array]] = {
    "bool": partial(_as_type, kind=pa.bool_()),
    "int": _integers,
    "float": partial(_as_type, kind=pa.float64()),
    "str": partial(_as_type, kind=pa.string()),
    "Decimal": _decimals,
    "datetime": _datetimes,
    "date": partial(_as_type, kind=pa.date32()),
    "time": _times,
    "timedelta": partial(_as_type, kind=pa.duration("us")),
    "bytes": _bytes,
    "UUID": _uuids,
    "list": _lists,
    "dict": _structs,
}
