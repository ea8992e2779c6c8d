"""Decoders of JSON rows by a table's columns: msgspec types to decode objects into, and Arrow arrays of their values.

Timestamps, dates and times are ISO 8601 text, decimals text or numbers, binary values base64. A value that its column
cannot hold is refused, and the error names its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import accumulate, chain
from operator import attrgetter
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from supertable.adapters.readers.json.json_guesses import ANY_JSON
from supertable.adapters.readers.values.exact_values import TextForm, exact_values
from supertable.application.storage.arrow.arrow_schemas import arrow_field, arrow_type
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field

_PLAIN: dict[str, Any] = {
    "bool": bool,
    "float64": int | float,
    "decimal": Decimal,
    "string": str,
    "binary": bytes,
    "date": str,
    "time": str,
    "timestamp": str,
    "uint64": Annotated[int, msgspec.Meta(ge=0)],
}
_MAX = {"float16": 65504.0, "float32": 3.4028234663852886e38}
_MOMENTS = frozenset({"date", "time", "timestamp"})


class RowTypes:
    """Decoders for the rows of one table.

    `row` decodes an object and `rows` an array of objects, into structs whose i-th field is the i-th column, UNSET if
    the object lacks it.
    """

    def __init__(self, schema: Schema, timezone: str) -> None:
        kind = _struct("Row", schema.fields)
        self.row = msgspec.json.Decoder(kind)
        self.rows = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self.fields = schema.fields
        self.are_nested = any(field.type.fields or field.type == ANY_JSON for field in schema.fields)
        self._form = TextForm(timezone=timezone)
        self.names = kind.__struct_fields__
        self._columns = [arrow_field(field) for field in schema.fields]
        self._whole = pa.schema(self._columns)

    def array(self, i: int, values: Sequence[Any], forms: Mapping[str, TextForm]) -> pa.Array:
        """The decoded values of the i-th column as an array; UNSET becomes null. `forms`: of dates, by column.

        Raises `pa.ArrowException`, `OverflowError`, `ValueError` and `TypeError` for what is not exactly a value.
        """
        field = self.fields[i]
        if field.name in forms:
            return exact_values(pa.array(_present(values), pa.string()), arrow_type(field.type), forms[field.name])
        return _array(field.type, _present(values), self._form)

    def count_keys(self, columns: Sequence[Sequence[Any]]) -> int:
        """How many keys the objects have, at every depth, whose decoded values these are."""
        count = 0
        for field, values in zip(self.fields, columns, strict=True):
            count += len(values) - values.count(msgspec.UNSET)
            if field.type.fields or field.type == ANY_JSON:
                given = [value for value in values if value is not msgspec.UNSET]
                count += msgspec.json.encode(given).count(b'":')
        return count

    def columns(self, given: Sequence[int]) -> pa.Schema:
        """The schema of the arrays of these columns."""
        return self._whole if len(given) == len(self._columns) else pa.schema([self._columns[i] for i in given])


@lru_cache(maxsize=256)
def row_types(schema: Schema, timezone: str = "") -> RowTypes:
    return RowTypes(schema, timezone)


def _struct(name: str, fields: Sequence[Field]) -> type[msgspec.Struct]:
    """A struct type whose field names are positions, because a column's name may be any text.

    A field that the object lacks is UNSET.
    """
    kinds = [(f"c{i}", _nullable(field) | msgspec.UnsetType, msgspec.UNSET) for i, field in enumerate(fields)]
    renamed = {f"c{i}": field.name for i, field in enumerate(fields)}
    return msgspec.defstruct(name, kinds, rename=renamed, forbid_unknown_fields=True, gc=False)


def _nullable(field: Field) -> Any:
    if field.type == ANY_JSON:  # it reads nulls too, and is part of no union
        return msgspec.Raw
    return _decoded(field.type) | None if field.nullable else _decoded(field.type)


def _decoded(kind: DataType) -> Any:
    if kind == ANY_JSON:
        return msgspec.Raw
    if kind.name in _PLAIN:
        return _PLAIN[kind.name]
    if kind.name in _MAX:
        return int | Annotated[float, msgspec.Meta(ge=-_MAX[kind.name], le=_MAX[kind.name])]
    if "int" in kind.name:
        return _integer(kind.name)
    if kind.name == "list":
        return list[_nullable(kind.fields[0])]  # type: ignore[misc]
    if kind.name == "map":
        key, value = kind.fields
        return dict[_decoded(key.type), _nullable(value)]  # type: ignore[misc]
    return _struct("Member", kind.fields)


def _integer(name: str) -> Any:
    bits = int(name.rpartition("int")[2])
    low, high = (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return Annotated[int, msgspec.Meta(ge=low, le=high)]


def _array(kind: DataType, values: Sequence[Any], form: TextForm) -> pa.Array:
    type_ = arrow_type(kind)
    if kind == ANY_JSON:
        return pa.array([None if value is None else _text_of(value) for value in values], type_)
    if kind.name in _MOMENTS:
        return exact_values(pa.array(values, pa.string()), type_, form)
    if kind.name.startswith("float"):
        return _floats(values, type_)
    if kind.name == "struct":
        columns = columns_of(values, [f"c{i}" for i in range(len(kind.fields))])
        members = [_array(field.type, _present(part), form) for field, part in zip(kind.fields, columns, strict=True)]
        return pa.StructArray.from_arrays(members, fields=list(type_), mask=_are_null(values))
    if kind.name == "list":
        elements = _array(kind.fields[0].type, list(chain.from_iterable(_without_nulls(values, ()))), form)
        return pa.ListArray.from_arrays(_offsets(values), elements, type_, mask=_are_null(values))
    if kind.name == "map":
        given = _without_nulls(values, {})
        keys, items = list(chain.from_iterable(given)), list(chain.from_iterable(map(dict.values, given)))
        parts = (_array(field.type, part, form) for field, part in zip(kind.fields, (keys, items), strict=True))
        return pa.MapArray.from_arrays(_offsets(values), *parts, type_, mask=_are_null(values))
    return pa.array(values, type_)


def columns_of(structs: Sequence[Any], names: Sequence[str]) -> list[list[Any]]:
    """The values of each of the fields. Those of None are None."""
    if None in structs:
        return [[None if struct is None else getattr(struct, name) for struct in structs] for name in names]
    return [list(map(attrgetter(name), structs)) for name in names]


def _present(values: Sequence[Any]) -> Sequence[Any]:
    if msgspec.UNSET not in values:
        return values
    return [None if value is msgspec.UNSET else value for value in values]


def _floats(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Integers must be the same as floats."""
    integers = [value for value in values if type(value) is int]
    if integers and [int(value) for value in pa.array(map(float, integers), kind).to_pylist()] != integers:
        raise ValueError("an integer that a float cannot hold")
    return pa.array([float(value) if type(value) is int else value for value in values], kind)


def _text_of(value: msgspec.Raw) -> str | None:
    text = bytes(value).decode()
    if text == "null":
        return None
    return msgspec.json.decode(value, type=str) if text.startswith('"') else text


def _are_null(values: Sequence[Any]) -> pa.Array:
    return pa.array([value is None for value in values], pa.bool_())


def _offsets(values: Sequence[Any]) -> pa.Array:
    return pa.array(accumulate(map(len, _without_nulls(values, ())), initial=0), pa.int32())


def _without_nulls(values: Sequence[Any], nothing: Any) -> Sequence[Any]:
    return [nothing if value is None else value for value in values] if None in values else values
