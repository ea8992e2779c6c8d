"""Changes to a table's columns that rewrite no data. Fields keep their ids, so a new column never shows old values.

A path names a column, or a field nested in one: ("address", "zip"). The element of a list is named `element`, the
parts of a map `key` and `value`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from supertable.domain.errors import IncompatibleSchema, InvalidSchema
from supertable.domain.names import check_column_name, check_member_name, nearest
from supertable.domain.schema.new_fields import check_depth, check_field
from supertable.domain.schema.schemas import UNASSIGNED, Schema, numbered
from supertable.domain.schema.types import DataType, Field, widened

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AddColumn:
    """Adds a column or struct member, last among its siblings; null in all existing rows."""

    path: Path
    type: DataType
    comment: str = ""

    def __str__(self) -> str:
        return f"add {_text(self.path)} {self.type}"


@dataclass(frozen=True, slots=True)
class DropColumn:
    """Drops a column or struct member. Its values stay in older versions; a later column of that name is new."""

    path: Path

    def __str__(self) -> str:
        return f"drop {_text(self.path)}"


@dataclass(frozen=True, slots=True)
class RenameColumn:
    path: Path
    name: str

    def __str__(self) -> str:
        return f"rename {_text(self.path)} to {self.name}"


@dataclass(frozen=True, slots=True)
class MoveColumn:
    """Moves a column or struct member right after its sibling `after`; None: to the first place."""

    path: Path
    after: str | None

    def __str__(self) -> str:
        return f"move {_text(self.path)} {'first' if self.after is None else 'after ' + self.after}"


@dataclass(frozen=True, slots=True)
class WidenColumn:
    """Changes the type to one that holds every value exactly (see `types.widened`)."""

    path: Path
    type: DataType

    def __str__(self) -> str:
        return f"widen {_text(self.path)} to {self.type}"


@dataclass(frozen=True, slots=True)
class SetNullable:
    """Allows or forbids nulls. Nulls can be forbidden only if no live row has one, which the use case checks."""

    path: Path
    nullable: bool

    def __str__(self) -> str:
        return f"{'allow' if self.nullable else 'forbid'} nulls in {_text(self.path)}"


@dataclass(frozen=True, slots=True)
class SetComment:
    path: Path
    comment: str

    def __str__(self) -> str:
        return f"comment on {_text(self.path)}"


SchemaChange = AddColumn | DropColumn | RenameColumn | MoveColumn | WidenColumn | SetNullable | SetComment


def changed_schema(schema: Schema, change: SchemaChange, needed: Collection[int]) -> Schema:
    """The schema after one change. `needed`: the field ids of key and sequence columns, which cannot be dropped.

    Raises `InvalidSchema` where the column does not exist or cannot be changed in this way, and `IncompatibleSchema`
    where the type cannot be widened to the new one.
    """
    last = [schema.last_field_id]
    if isinstance(change, AddColumn | DropColumn | RenameColumn | MoveColumn) and len(change.path) > 1:
        _require_struct(field_at(schema, change.path[:-1]), change.path)
    fields = _within(
        schema.fields, change.path[:-1], change.path, lambda siblings: _edited(siblings, change, needed, last)
    )
    check_depth(fields, before=schema.fields)
    return Schema(schema.id + 1, fields, last[0])


def field_at(schema: Schema, path: Path) -> Field:
    """The field at a path. Raises `InvalidSchema`."""
    field = schema.fields[_place(schema.fields, path[0], path)]
    for name in path[1:]:
        field = field.type.fields[_place(field.type.fields, name, path)]
    return field


def _require_struct(parent: Field, path: Path) -> None:
    if parent.type.name != "struct":
        raise InvalidSchema(
            _text(path),
            f"{parent.name} is {parent.type}; only members of structs can be added, dropped, moved or renamed",
        )


def _within(
    siblings: tuple[Field, ...], parents: Path, path: Path, edit: Callable[[tuple[Field, ...]], tuple[Field, ...]]
) -> tuple[Field, ...]:
    """The fields, with `edit` applied to those below `parents`."""
    if not parents:
        return edit(siblings)
    place = _place(siblings, parents[0], path)
    field = siblings[place]
    inner = _within(field.type.fields, parents[1:], path, edit)
    return _put(siblings, place, replace(field, type=replace(field.type, fields=inner)))


def _edited(
    siblings: tuple[Field, ...], change: SchemaChange, needed: Collection[int], last: list[int]
) -> tuple[Field, ...]:
    if isinstance(change, AddColumn):
        return _added(siblings, change, last)
    place = _place(siblings, change.path[-1], change.path)
    field = siblings[place]
    rest = siblings[:place] + siblings[place + 1 :]
    match change:
        case DropColumn():
            return _dropped(field, rest, change.path, needed)
        case MoveColumn(after=after):
            at = 0 if after is None else _place(rest, after, (*change.path[:-1], after)) + 1
            return (*rest[:at], field, *rest[at:])
        case RenameColumn(name=name):
            return _put(siblings, place, replace(field, name=_new_name(name, rest, change.path)))
        case WidenColumn(type=kind):
            return _put(siblings, place, replace(field, type=_widened(field, kind, change.path)))
        case SetNullable(nullable=nullable):
            return _put(siblings, place, replace(field, nullable=nullable))
        case SetComment(comment=comment):
            return _put(siblings, place, replace(field, comment=comment))


def _added(siblings: tuple[Field, ...], change: AddColumn, last: list[int]) -> tuple[Field, ...]:
    name = _new_name(change.path[-1], siblings, change.path)
    new = Field(UNASSIGNED, name, change.type, True, change.comment)
    check_field(new, _text(change.path))
    field, last[0] = numbered(new, last[0])
    return (*siblings, field)


def _dropped(field: Field, rest: tuple[Field, ...], path: Path, needed: Collection[int]) -> tuple[Field, ...]:
    if field.id in needed:
        raise InvalidSchema(_text(path), "it is a key or sequence column of the table and cannot be dropped")
    if not rest:
        raise InvalidSchema(_text(path), "it is the only column or member here and cannot be dropped")
    return rest


def _widened(field: Field, kind: DataType, path: Path) -> DataType:
    common = widened(field.type, kind)
    if field.type.fields or common is None or replace(common, timezone=kind.timezone) != kind:
        hint = "A column's type can only change to one that holds every value exactly."
        raise IncompatibleSchema(_text(path), str(field.type), str(kind), hint)
    return kind


def _new_name(name: str, others: Sequence[Field], path: Path) -> str:
    if any(other.name.lower() == name.lower() for other in others):
        raise InvalidSchema(
            _text(path), f"a column {name!r} already exists; names that differ only in case are the same"
        )
    if len(path) > 1:
        check_member_name(name, f"{_text(path[:-1])}.{name}")
    else:
        check_column_name(name)
    return name


def _place(siblings: Sequence[Field], name: str, path: Path) -> int:
    for place, field in enumerate(siblings):
        if field.name.lower() == name.lower():
            return place
    near = nearest(name, (field.name for field in siblings))
    raise InvalidSchema(_text(path), "there is no such column" + (f"; there is {' and '.join(near)}" if near else ""))


def _put(siblings: tuple[Field, ...], place: int, field: Field) -> tuple[Field, ...]:
    return (*siblings[:place], field, *siblings[place + 1 :])


def _text(path: Path) -> str:
    return ".".join(path)
