"""Decoders of JSON rows by a table's columns: msgspec types to decode objects into, and Arrow arrays of their values.

Timestamps, dates and times are ISO 8601 text, decimals text or numbers, binary values base64. A value that its column
cannot hold is refused, and the error names its place.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

import msgspec
import pyarrow as pa

from supertable.application.storage.arrow_schemas import arrow_field, arrow_type
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Field

_PLAIN: dict[str, Any] = {
    "bool": bool,
    "float64": float,
    "decimal": Decimal,
    "string": str,
    "binary": bytes,
    "date": datetime.date,
    "time": datetime.time,
    "uint64": Annotated[int, msgspec.Meta(ge=0)],
}
_MAX = {"float16": 65504.0, "float32": 3.4028234663852886e38}
Convert = Callable[[Sequence[Any]], list[Any]]


class RowTypes:
    """Decoders for the rows of one table.

    `row` decodes an object and `rows` an array of objects, into structs whose i-th field is the i-th column, UNSET if
    the object lacks it.
    """

    def __init__(self, schema: Schema) -> None:
        kind = _struct("Row", schema.fields, msgspec.UnsetType, msgspec.UNSET)
        self.row = msgspec.json.Decoder(kind)
        self.rows = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self.fields = schema.fields
        self.names = kind.__struct_fields__
        self._columns = [arrow_field(field).with_type(_wide(field.type)) for field in schema.fields]
        self._converters = [_converter(field.type) for field in schema.fields]
        self._whole = pa.schema(self._columns)

    def array(self, i: int, values: Sequence[Any]) -> pa.Array:
        """The decoded values of the i-th column as an array; UNSET becomes null."""
        present = [None if value is msgspec.UNSET else value for value in values]
        convert = self._converters[i]
        return pa.array(convert(present) if convert else present, self._columns[i].type)

    def columns(self, given: Sequence[int]) -> pa.Schema:
        """The schema of the arrays of these columns."""
        return self._whole if len(given) == len(self._columns) else pa.schema([self._columns[i] for i in given])


@lru_cache(maxsize=256)
def row_types(schema: Schema) -> RowTypes:
    return RowTypes(schema)


def _wide(kind: DataType) -> pa.DataType:
    """The Arrow type to decode to. Milliseconds are decoded as microseconds, so that a later cast to milliseconds fails
    on a loss instead of truncating.
    """
    if kind.name == "timestamp" and kind.unit == "ms":
        return pa.timestamp("us", kind.timezone or None)
    return pa.time64("us") if kind.name == "time" else arrow_type(kind)


def _struct(name: str, fields: Sequence[Field], *absent: Any) -> type[msgspec.Struct]:
    """A struct type whose field names are positions, because a column's name may be any text.

    `absent`: the type and the value of a field that the object lacks; without them, null.
    """
    default = absent[1] if absent else None
    kinds = [
        (f"c{i}", _nullable(field) | absent[0] if absent else _nullable(field), default)
        for i, field in enumerate(fields)
    ]
    renamed = {f"c{i}": field.name for i, field in enumerate(fields)}
    return msgspec.defstruct(name, kinds, rename=renamed, forbid_unknown_fields=True)


def _nullable(field: Field) -> Any:
    return _decoded(field.type) | None if field.nullable else _decoded(field.type)


def _decoded(kind: DataType) -> Any:
    if kind.name in _PLAIN:
        return _PLAIN[kind.name]
    if kind.name in _MAX:
        return Annotated[float, msgspec.Meta(ge=-_MAX[kind.name], le=_MAX[kind.name])]
    if "int" in kind.name:
        return _integer(kind.name)
    if kind.name == "timestamp":
        return str if kind.unit == "ns" else datetime.datetime
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


def _converter(kind: DataType) -> Convert | None:
    """Converts decoded values to values that Arrow accepts; None: they need no conversion."""
    if kind.name == "struct":
        return lambda values: [value and _members(kind, value) for value in values]
    if kind.name == "map":
        return lambda values: [value if value is None else _entries(kind, value) for value in values]
    if kind.name == "list" and (inner := _converter(kind.fields[0].type)):
        return lambda values: [value if value is None else inner(value) for value in values]
    if kind.name == "timestamp" and kind.unit == "ns":
        return lambda values: pa.array(values, pa.string()).cast(pa.timestamp("ns")).cast(pa.int64()).to_pylist()
    return None


def _members(kind: DataType, value: Any) -> dict[str, Any]:
    return {field.name: _converted(field.type, getattr(value, f"c{i}")) for i, field in enumerate(kind.fields)}


def _entries(kind: DataType, value: dict[Any, Any]) -> list[tuple[Any, Any]]:
    return [(key, _converted(kind.fields[1].type, item)) for key, item in value.items()]


def _converted(kind: DataType, value: Any) -> Any:
    convert = _converter(kind)
    return convert([value])[0] if convert else value
