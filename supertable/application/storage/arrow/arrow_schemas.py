"""Conversion between Arrow types and table types.

Incoming columns are matched by name; columns of Parquet files carry their field ids. Encodings are not types: a
dictionary, run-end encoded, large or view column is stored as the plain type of its values, and an extension type as
the type that it stores: `arrow.uuid` as binary, `arrow.json` as string. `arrow.bool8` is stored as bool. Seconds are
stored as milliseconds. Nanoseconds are stored only where queries preserve them (timestamps without a zone), else as
microseconds. A value that does not fit exactly is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache

import pyarrow as pa
import pyarrow.types as is_type

from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.casts import NULL
from supertable.domain.schema.new_fields import MAX_DEPTH
from supertable.domain.schema.schemas import UNASSIGNED, Schema
from supertable.domain.schema.types import MAX_DECIMAL_PRECISION, DataType, Field

FIELD_ID = b"PARQUET:field_id"
COMMENT = b"comment"

_UNTYPED = "its type is null, from which no column type can be derived; cast it to the intended type"
_PLAIN = {
    pa.null(): NULL,
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


_UTC = frozenset(  # all names of the zone, in lower case
    {"utc", "z", "zulu", "uct", "universal", "etc/utc", "etc/zulu", "etc/uct", "etc/universal", "+00:00", "-00:00"}
)


def is_bool8(kind: pa.DataType) -> bool:
    """Whether it is Arrow's type of booleans in bytes: 0 is false and 1 is true."""
    return isinstance(kind, pa.Bool8Type)


def fields_of(schema: pa.Schema) -> list[Field]:
    """The columns of an Arrow schema, without ids. Raises `InvalidSchema`, which names the first unsupported column."""
    fields = fields_of_data(schema)
    for field in fields:
        _require_typed(field, field.name)
    return fields


def fields_of_data(schema: pa.Schema) -> list[Field]:
    """The same, for rows that are written: the type of a column that is null only is `casts.NULL`."""
    with _malformed_reported():
        return [_field(field, field.name) for field in schema]


def data_type(kind: pa.DataType, path: str) -> DataType:
    """The type of a column; `path` is for error messages. Raises `InvalidSchema` for an unsupported type."""
    with _malformed_reported():
        found = _type(kind, path)
    _require_typed(Field(UNASSIGNED, "", found), path)
    return found


def _require_typed(field: Field, path: str) -> None:
    if field.type.name == NULL:
        raise InvalidSchema(path, _UNTYPED)
    for part in field.type.fields:
        _require_typed(part, f"{path}.{part.name}")


def type_name(kind: pa.DataType) -> str:
    """The name that people read, like that of a table's column. Types that no table has keep Arrow's name."""
    try:
        return str(data_type(kind, ""))
    except InvalidSchema:
        return "interval" if is_type.is_interval(kind) else str(kind)


@contextmanager
def _malformed_reported() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise InvalidSchema("", "the name of a column, or of a member of a struct, is not valid UTF-8") from error
    except RecursionError as error:
        raise InvalidSchema("", f"a column is nested too deeply; up to {MAX_DEPTH} levels are allowed") from error


@lru_cache(1024)
def arrow_schema(schema: Schema) -> pa.Schema:
    """The table's columns as an Arrow schema, with field ids and comments in the metadata."""
    return pa.schema([arrow_field(field) for field in schema.fields])


@lru_cache(1024)
def stored_schema(schema: Schema) -> pa.Schema:
    """The schema of data files: like `arrow_schema`, but parts of nested columns may be null.

    Arrow has no values for the members of a null struct but nulls. So it would refuse null structs with a member that
    forbids nulls, although the member is not null in any struct that exists.
    """
    return pa.schema([field.with_type(_nullable_parts(field.type)) for field in arrow_schema(schema)])


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


def _nullable_parts(kind: pa.DataType) -> pa.DataType:
    def nullable(part: pa.Field) -> pa.Field:
        return part.with_type(_nullable_parts(part.type)).with_nullable(True)

    if is_type.is_struct(kind):
        return pa.struct([nullable(member) for member in kind])
    if is_type.is_list(kind):
        return pa.list_(nullable(kind.value_field))
    if is_type.is_map(kind):
        return pa.map_(nullable(kind.key_field).with_nullable(False), nullable(kind.item_field))
    return kind


_COMPOSED: dict[str, Callable[[DataType], pa.DataType]] = {
    "decimal": lambda kind: pa.decimal128(kind.precision, kind.scale),
    "time": _time,
    "timestamp": lambda kind: pa.timestamp(kind.unit, kind.timezone or None),
    "list": lambda kind: pa.list_(arrow_field(kind.fields[0])),
    "struct": lambda kind: pa.struct([arrow_field(field) for field in kind.fields]),
    "map": _map,
}


def _field(field: pa.Field, path: str) -> Field:
    try:
        comment = (field.metadata or {}).get(COMMENT, b"").decode()
    except UnicodeDecodeError as error:
        raise InvalidSchema(path, "its comment is not valid UTF-8") from error
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
    return DataType("timestamp", unit=unit, timezone="UTC" if (kind.tz or "").lower() in _UTC else kind.tz or "")


def _list(kind: pa.DataType, path: str) -> DataType:
    element = kind.value_field.with_name("element")
    return DataType("list", fields=(_field(element, f"{path}.element"),))


def _struct(kind: pa.DataType, path: str) -> DataType:
    members = tuple(_field(kind.field(i), f"{path}.{kind.field(i).name}") for i in range(kind.num_fields))
    if not members:
        raise InvalidSchema(path, "a struct needs at least one member to be stored in Parquet")
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
    (is_bool8, lambda kind, path: DataType("bool")),
    (lambda kind: isinstance(kind, pa.BaseExtensionType), lambda kind, path: _type(kind.storage_type, path)),
)
