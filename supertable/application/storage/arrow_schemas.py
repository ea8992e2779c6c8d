"""Conversion between Arrow types and table types.

Incoming columns are matched by name; columns of Parquet files carry their field ids. Encodings are not types: a
dictionary, run-end encoded, large or view column is stored as the plain type of its values. Seconds are stored as
milliseconds. Nanoseconds are stored only where queries preserve them (timestamps without a zone), else as microseconds;
a value that does not fit exactly is refused.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.types as is_type

from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.schemas import UNASSIGNED, Schema
from supertable.domain.schema.types import MAX_DECIMAL_PRECISION, DataType, Field

FIELD_ID = b"PARQUET:field_id"
COMMENT = b"comment"

_PLAIN = {
    pa.bool_(): "bool",
    pa.int8(): "int8",
    pa.int16(): "int16",
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.uint8(): "uint8",
    pa.uint16(): "uint16",
    pa.uint32(): "uint32",
    pa.uint64(): "uint64",
    pa.float16(): "float16",
    pa.float32(): "float32",
    pa.float64(): "float64",
    pa.string(): "string",
    pa.large_string(): "string",
    pa.string_view(): "string",
    pa.binary(): "binary",
    pa.large_binary(): "binary",
    pa.binary_view(): "binary",
    pa.date32(): "date",
    pa.date64(): "date",
}
_ARROW = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "float16": pa.float16(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
}


def fields_of(schema: pa.Schema) -> list[Field]:
    """The columns of an Arrow schema, without ids. Raises `InvalidSchema`, which names the first unsupported column."""
    return [_field(field, field.name) for field in schema]


def arrow_schema(schema: Schema) -> pa.Schema:
    """The table's columns as an Arrow schema, with field ids and comments in the metadata."""
    return pa.schema([arrow_field(field) for field in schema.fields])


def arrow_field(field: Field) -> pa.Field:
    metadata = {FIELD_ID: str(field.id).encode()}
    if field.comment:
        metadata[COMMENT] = field.comment.encode()
    return pa.field(field.name, arrow_type(field.type), field.nullable, metadata)


def arrow_type(kind: DataType) -> pa.DataType:
    plain = _ARROW.get(kind.name)
    if plain is not None:
        return plain
    return _COMPOSED[kind.name](kind)


def _time(kind: DataType) -> pa.DataType:
    return pa.time32(kind.unit) if kind.unit == "ms" else pa.time64(kind.unit)


def _map(kind: DataType) -> pa.DataType:
    key, value = (arrow_field(field) for field in kind.fields)
    return pa.map_(key.with_nullable(False), value)


_COMPOSED: dict[str, Callable[[DataType], pa.DataType]] = {
    "decimal": lambda kind: pa.decimal128(kind.precision, kind.scale),
    "time": _time,
    "timestamp": lambda kind: pa.timestamp(kind.unit, kind.timezone or None),
    "list": lambda kind: pa.list_(arrow_field(kind.fields[0])),
    "struct": lambda kind: pa.struct([arrow_field(field) for field in kind.fields]),
    "map": _map,
}


def _field(field: pa.Field, path: str) -> Field:
    comment = (field.metadata or {}).get(COMMENT, b"").decode("utf-8", "replace")
    return Field(UNASSIGNED, field.name, _type(field.type, path), field.nullable, comment)


def _type(kind: pa.DataType, path: str) -> DataType:
    plain = _PLAIN.get(kind)
    if plain is not None:
        return DataType(plain)
    for test, convert in _CONVERSIONS:
        if test(kind):
            return convert(kind, path)
    raise InvalidSchema(path, _why_unsupported(kind))


def _why_unsupported(kind: pa.DataType) -> str:
    if is_type.is_null(kind):
        return "its type is null, from which no column type can be derived; cast it to the intended type"
    if is_type.is_duration(kind) or is_type.is_interval(kind):
        return f"Parquet has no type {kind}; store it as an integer, with its unit in the column's name"
    if is_type.is_list_view(kind) or is_type.is_large_list_view(kind):
        return f"{kind} cannot be converted safely; cast it to a list first"
    return f"tables do not support the type {kind}"


def _decimal(kind: pa.DataType, path: str) -> DataType:
    if kind.precision > MAX_DECIMAL_PRECISION or not 0 <= kind.scale <= kind.precision:
        raise InvalidSchema(path, f"{kind} has more than {MAX_DECIMAL_PRECISION} digits or an unusual scale")
    return DataType("decimal", precision=kind.precision, scale=kind.scale)


def _time_of(kind: pa.DataType, path: str) -> DataType:
    return DataType("time", unit="ms" if kind.unit in ("s", "ms") else "us")


def _timestamp(kind: pa.DataType, path: str) -> DataType:
    unit = "ms" if kind.unit == "s" else kind.unit
    if unit == "ns" and kind.tz:
        unit = "us"
    return DataType("timestamp", unit=unit, timezone=kind.tz or "")


def _list(kind: pa.DataType, path: str) -> DataType:
    element = kind.value_field.with_name("element")
    return DataType("list", fields=(_field(element, f"{path}.element"),))


def _struct(kind: pa.DataType, path: str) -> DataType:
    members = tuple(_field(kind.field(i), f"{path}.{kind.field(i).name}") for i in range(kind.num_fields))
    if not members:
        raise InvalidSchema(path, "a struct needs at least one member to be stored in Parquet")
    if len({member.name.lower() for member in members}) != len(members):
        raise InvalidSchema(path, "two members of the struct have the same name, apart from case")
    return DataType("struct", fields=members)


def _map_of(kind: pa.DataType, path: str) -> DataType:
    key = kind.key_field.with_name("key").with_nullable(False)
    value = kind.item_field.with_name("value")
    return DataType("map", fields=(_field(key, f"{path}.key"), _field(value, f"{path}.value")))


_CONVERSIONS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType, str], DataType]], ...] = (
    (is_type.is_dictionary, lambda kind, path: _type(kind.value_type, path)),
    (is_type.is_run_end_encoded, lambda kind, path: _type(kind.value_type, path)),
    (is_type.is_fixed_size_binary, lambda kind, path: DataType("binary")),
    (is_type.is_decimal, _decimal),
    (is_type.is_time, _time_of),
    (is_type.is_timestamp, _timestamp),
    (is_type.is_list, _list),
    (is_type.is_large_list, _list),
    (is_type.is_fixed_size_list, _list),
    (is_type.is_struct, _struct),
    (is_type.is_map, _map_of),
    (lambda kind: isinstance(kind, pa.ExtensionType), lambda kind, path: _type(kind.storage_type, path)),
)
