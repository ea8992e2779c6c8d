"""Columns in JSON. A scalar type is a string, like `int64` or `decimal(10,2)`; a nested type is an object."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pyarrow as pa

from supertable.application.storage.arrow.arrow_schemas import arrow_field, fields_of
from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.new_fields import MAX_DEPTH
from supertable.domain.schema.schemas import UNASSIGNED
from supertable.domain.schema.type_names import named_type
from supertable.domain.schema.types import DataType, Field
from supertable.entrypoints.web.requests.json_bodies import Body


class ListType(Body, tag="list", tag_field="kind"):
    """A list."""

    element: Part


class StructType(Body, tag="struct", tag_field="kind"):
    """A struct with named fields."""

    fields: Annotated[list[NewColumn], msgspec.Meta(min_length=1)]


class MapType(Body, tag="map", tag_field="kind"):
    """A map. Its keys are never null."""

    key: Part
    value: Part


Type = Annotated[
    str | ListType | StructType | MapType,
    msgspec.Meta(
        description=(
            "A data type: `bool`, `int8` to `int64`, `uint8` to `uint64`, `float16`, `float32`, `float64`, "
            "`decimal(10,2)`, `string`, `binary`, `date`, `time(us)`, `timestamp(us)`, `timestamp(us,UTC)`, "
            "`list<string>`, `map<string, int64>`, `struct<a: int64>`; or an object for a list, struct or map."
        ),
        examples=["int64", "decimal(10,2)", "timestamp(us,UTC)", {"kind": "list", "element": {"type": "string"}}],
    ),
]


class Part(Body):
    """The element of a list, or the key or value of a map."""

    type: Type
    nullable: bool = True


class NewColumn(Body):
    """A column, or a field of a struct."""

    name: Annotated[str, msgspec.Meta(max_length=255, examples=["amount"])]
    type: Type
    nullable: bool = True
    comment: Annotated[str, msgspec.Meta(max_length=4096)] = ""


class Column(msgspec.Struct, frozen=True):
    """A column of a table. `field_id` identifies the column across renames, and is never reused."""

    name: str
    type: Type
    nullable: bool
    comment: str
    field_id: int

    @classmethod
    def of(cls, field: Field) -> Column:
        return cls(field.name, type_of(field.type), field.nullable, field.comment, field.id)


def type_of(kind: DataType) -> Type:
    """The type as JSON."""
    if kind.name == "list":
        return ListType(element=_part(kind.fields[0]))
    if kind.name == "map":
        return MapType(key=_part(kind.fields[0]), value=_part(kind.fields[1]))
    if kind.name == "struct":
        fields = [
            NewColumn(name=field.name, type=type_of(field.type), nullable=field.nullable, comment=field.comment)
            for field in kind.fields
        ]
        return StructType(fields=fields)
    return str(kind)


def arrow_columns(columns: list[NewColumn]) -> pa.Schema:
    """The columns as an Arrow schema. Raises `InvalidSchema`."""
    return pa.schema([arrow_field(_field(column, column.name, 0)) for column in columns])


def data_type(given: Type, name: str) -> DataType:
    """The data type of a column; `name` is for error messages. Raises `InvalidSchema`."""
    (field,) = fields_of(arrow_columns([NewColumn(name=name, type=given)]))
    return field.type


def _part(field: Field) -> Part:
    return Part(type=type_of(field.type), nullable=field.nullable)


def _field(column: NewColumn, path: str, depth: int) -> Field:
    return Field(UNASSIGNED, column.name, _type(column.type, path, depth), column.nullable, column.comment)


def _type(given: Type, path: str, depth: int) -> DataType:
    if isinstance(given, str):
        return named_type(given, path, depth)
    if depth > MAX_DEPTH:
        raise InvalidSchema(path, f"it is nested more than {MAX_DEPTH} levels deep")
    if isinstance(given, StructType):
        struct_fields = tuple(_field(field, f"{path}.{field.name}", depth + 1) for field in given.fields)
        return DataType("struct", fields=struct_fields)
    parts = {"element": given.element} if isinstance(given, ListType) else {"key": given.key, "value": given.value}
    fields = (
        Field(UNASSIGNED, name, _type(part.type, f"{path}.{name}", depth + 1), part.nullable)
        for name, part in parts.items()
    )
    return DataType("list" if isinstance(given, ListType) else "map", fields=tuple(fields))
