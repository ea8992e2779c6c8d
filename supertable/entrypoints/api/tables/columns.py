"""Columns as JSON has them: a single value's type is a text, `int64` or `decimal(10,2)`; a nested one is an object."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

import msgspec
import pyarrow as pa

from supertable.application.storage.arrow_schemas import arrow_field, fields_of
from supertable.domain.errors import InvalidSchema
from supertable.domain.schema.schemas import UNASSIGNED
from supertable.domain.schema.types import DataType, Field
from supertable.entrypoints.web.requests.json_bodies import Body

_MOST_NESTED = 30


class ListType(Body, tag="list", tag_field="kind"):
    element: Part


class StructType(Body, tag="struct", tag_field="kind"):
    fields: Annotated[list[NewColumn], msgspec.Meta(min_length=1)]


class MapType(Body, tag="map", tag_field="kind"):
    """Keys are never null."""

    key: Part
    value: Part


Type = Annotated[
    str | ListType | StructType | MapType,
    msgspec.Meta(
        description=(
            "bool, int8 to int64, uint8 to uint64, float16, float32, float64, decimal(10,2), string, binary, date, "
            "time(us), timestamp(us), timestamp(us,UTC); or an object for a list, struct or map."
        ),
        examples=["int64", "decimal(10,2)", "timestamp(us,UTC)", {"kind": "list", "element": {"type": "string"}}],
    ),
]


class Part(Body):
    """An element of a list, or a key or value of a map."""

    type: Type
    nullable: bool = True


class NewColumn(Body):
    """A column, or a member of a struct."""

    name: Annotated[str, msgspec.Meta(max_length=255, examples=["amount"])]
    type: Type
    nullable: bool = True
    comment: Annotated[str, msgspec.Meta(max_length=4096)] = ""


class Column(msgspec.Struct, frozen=True):
    """A column of a table. The field id stays the column's when it is renamed, and never becomes another's."""

    name: str
    type: Type
    nullable: bool
    comment: str
    field_id: int

    @classmethod
    def of(cls, field: Field) -> Column:
        return cls(field.name, type_of(field.type), field.nullable, field.comment, field.id)


def type_of(kind: DataType) -> Type:
    if kind.name == "list":
        return ListType(element=_part(kind.fields[0]))
    if kind.name == "map":
        return MapType(key=_part(kind.fields[0]), value=_part(kind.fields[1]))
    if kind.name == "struct":
        members = [
            NewColumn(name=field.name, type=type_of(field.type), nullable=field.nullable, comment=field.comment)
            for field in kind.fields
        ]
        return StructType(fields=members)
    return str(kind)


def arrow_columns(columns: list[NewColumn]) -> pa.Schema:
    """What use cases take. Raises `InvalidSchema`."""
    return pa.schema([arrow_field(_field(column, column.name, 0)) for column in columns])


def data_type(given: Type, name: str) -> DataType:
    """The type for a column of that name. Raises `InvalidSchema`."""
    (field,) = fields_of(arrow_columns([NewColumn(name=name, type=given)]))
    return field.type


def _part(field: Field) -> Part:
    return Part(type=type_of(field.type), nullable=field.nullable)


def _field(column: NewColumn, path: str, depth: int) -> Field:
    return Field(UNASSIGNED, column.name, _type(column.type, path, depth), column.nullable, column.comment)


def _type(given: Type, path: str, depth: int) -> DataType:
    if isinstance(given, str):
        return _plain(given, path)
    if depth == _MOST_NESTED:
        raise InvalidSchema(path, f"types can be nested {_MOST_NESTED} deep")
    if isinstance(given, StructType):
        members = tuple(_field(member, f"{path}.{member.name}", depth + 1) for member in given.fields)
        return DataType("struct", fields=members)
    parts = {"element": given.element} if isinstance(given, ListType) else {"key": given.key, "value": given.value}
    fields = (
        Field(UNASSIGNED, name, _type(part.type, f"{path}.{name}", depth + 1), part.nullable)
        for name, part in parts.items()
    )
    return DataType("list" if isinstance(given, ListType) else "map", fields=tuple(fields))


_PLAIN: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], DataType]], ...] = (
    (
        re.compile(r"bool|u?int(8|16|32|64)|float(16|32|64)|string|binary|date", re.ASCII),
        lambda found: DataType(found[0]),
    ),
    (
        re.compile(r"decimal\((?P<precision>[1-9]|[12]\d|3[0-8]), ?(?P<scale>\d|[12]\d|3[0-8])\)", re.ASCII),
        lambda found: DataType("decimal", precision=int(found["precision"]), scale=int(found["scale"])),
    ),
    (re.compile(r"time\((?P<unit>ms|us)\)"), lambda found: DataType("time", unit=found["unit"])),
    (
        re.compile(r"timestamp\((?P<unit>ms|us|ns)(, ?(?P<zone>[A-Za-z0-9_+:/-]{1,64}))?\)", re.ASCII),
        lambda found: DataType("timestamp", unit=found["unit"], timezone=found["zone"] or ""),
    ),
)


def _plain(text: str, path: str) -> DataType:
    """The inverse of `str` for types that are not nested."""
    for pattern, made in _PLAIN:
        found = pattern.fullmatch(text)
        if found:
            return made(found)
    raise InvalidSchema(path, f"{text[:80]!r} is no type; types are like int64, decimal(10,2), string, timestamp(us)")
