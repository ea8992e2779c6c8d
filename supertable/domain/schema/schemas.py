"""The columns of a table at one version, and how data with other columns fits or evolves them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from supertable.domain.errors import IncompatibleSchema, InvalidSchema
from supertable.domain.names import check_column_name, check_member_name, did_you_mean, require_distinct
from supertable.domain.schema.casts import NULL, may_fit, mismatch_hint
from supertable.domain.schema.new_fields import check_columns, check_depth, check_field
from supertable.domain.schema.types import DataType, Field, widened

UNASSIGNED = 0
"""The id of a field of incoming data that is not part of a table yet."""

_NOT_KEYABLE = frozenset({"list", "struct", "map", "float16"})
"""Nested values have no order that all readers share, and engines have no half floats to compare."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns in order. `id` counts the table's schemas from 1. `last_field_id`: the highest field id ever assigned."""

    id: int
    fields: tuple[Field, ...]
    last_field_id: int

    @property
    def names(self) -> list[str]:
        return [field.name for field in self.fields]

    def find(self, name: str) -> Field | None:
        """The column of that name, matched without case."""
        wanted = name.lower()
        return next((field for field in self.fields if field.name.lower() == wanted), None)

    def by_id(self, field_id: int) -> Field | None:
        return next((field for field in self.fields if field.id == field_id), None)


def first_schema(fields: Iterable[Field]) -> Schema:
    """The schema of a new table: field ids are assigned from 1, parents first. Raises `InvalidSchema`."""
    given = tuple(fields)
    if not given:
        raise InvalidSchema("", "a table needs at least one column")
    check_depth(given)
    check_columns(given)
    assign = _Counter(UNASSIGNED)
    numbered = tuple(_numbered(field, assign) for field in given)
    return Schema(id=1, fields=numbered, last_field_id=assign.last)


def renumbered(schema: Schema) -> Schema:
    """The same columns with field ids from 1, so that no gap tells of others."""
    assign = _Counter(UNASSIGNED)
    fields = tuple(_numbered(field, assign) for field in schema.fields)
    return Schema(schema.id, fields, assign.last)


def check_keys(schema: Schema, keys: Iterable[str], sequence: str | None) -> tuple[tuple[int, ...], int | None]:
    """The field ids of the key columns and of the sequence column, if any.

    Raises `InvalidSchema` where a column does not exist, is named twice, or has a type that cannot be a key.
    """
    ids = tuple(_keyable(schema, name, "a key").id for name in keys)
    if len(set(ids)) != len(ids):
        raise InvalidSchema(", ".join(keys), "a key column is named twice")
    if sequence is None:
        return ids, None
    if not ids:
        raise InvalidSchema(sequence, "a sequence column needs key columns beside it")
    return ids, _keyable(schema, sequence, "the sequence").id


def fitted_schema(schema: Schema, given: Iterable[Field], evolve: bool) -> Schema:
    """The schema under which data with the columns `given` can be written: `schema` itself, or an evolved one.

    Data fits as it is where the table's type holds every value of the data's type exactly. With `evolve`, new columns
    are added (nullable, at the end) and types widened. Where no type holds both, and without `evolve`, each value
    decides if types differ only as in `casts.may_fit`, which is checked when it is written. Else raises
    `IncompatibleSchema`. Columns of the table that the data lacks are not checked here: see `missing_columns`.
    """
    columns = list(given)
    merge = _Merge(evolve, _Counter(schema.last_field_id))
    fields = merge.members(schema.fields, columns, path="")
    if fields == schema.fields:
        return schema
    check_depth(fields, before=schema.fields)
    return Schema(id=schema.id + 1, fields=fields, last_field_id=merge.assign.last)


def missing_columns(schema: Schema, given: Iterable[str]) -> list[Field]:
    """The columns of the table that data with the columns `given` lacks, in the table's order."""
    present = {name.lower() for name in given}
    return [field for field in schema.fields if field.name.lower() not in present]


def without(schema: Schema, fields: Iterable[Field]) -> Schema:
    """The schema without these columns, for staging data that lacks them. It is not one of the table's: its id is 0."""
    dropped = {field.id for field in fields}
    return Schema(UNASSIGNED, tuple(field for field in schema.fields if field.id not in dropped), schema.last_field_id)


def require_nullable(fields: Iterable[Field]) -> None:
    """Raises `InvalidSchema` for the first of the `fields`, which the data lacks, that forbids nulls."""
    for field in fields:
        if not field.nullable:
            raise InvalidSchema(field.name, "it may not be null, but the data does not have it")


class _Counter:
    def __init__(self, last: int) -> None:
        self.last = last

    def next(self) -> int:
        self.last += 1
        return self.last


def _numbered(field: Field, assign: _Counter) -> Field:
    number = assign.next()
    children = tuple(_numbered(child, assign) for child in field.type.fields)
    return replace(field, id=number, type=replace(field.type, fields=children))


def _keyable(schema: Schema, name: str, role: str) -> Field:
    field = schema.find(name)
    if field is None:
        raise InvalidSchema(name, f"it was given as {role} column, but there is no such column")
    if field.type.name in _NOT_KEYABLE:
        raise InvalidSchema(name, f"{field.type} cannot be {role} column")
    return field


@dataclass(slots=True)
class _Merge:
    evolve: bool
    assign: _Counter

    def members(self, old: tuple[Field, ...], new: list[Field], path: str) -> tuple[Field, ...]:
        require_distinct((field.name for field in new), path.removesuffix("."))
        incoming = {field.name.lower(): field for field in new}
        if path:
            self.check_case(old, incoming, path)
        kept = tuple(
            self.field(field, incoming.pop(field.name.lower()), path) if field.name.lower() in incoming else field
            for field in old
        )
        names = [field.name for field in old]
        return kept + tuple(self.added(field, path, names) for field in incoming.values())

    @staticmethod
    def check_case(old: tuple[Field, ...], incoming: dict[str, Field], path: str) -> None:
        for field in old:
            given = incoming.get(field.name.lower())
            if given and given.name != field.name:
                hint = "Members of a struct are matched by exact name; rename it in the data."
                raise IncompatibleSchema(
                    path + field.name, f"the member {field.name}", f"the member {given.name}", hint
                )

    def added(self, field: Field, path: str, names: list[str]) -> Field:
        if not self.evolve:
            hint = f"{did_you_mean(field.name, names)} Write with evolve to add it.".strip()
            raise IncompatibleSchema(path + field.name, "no such column", str(field.type), hint)
        if path:
            check_member_name(field.name, path + field.name)
        else:
            check_column_name(field.name)
        check_field(field, path + field.name)
        if any(part.type.name == NULL for part in field.walk()):
            raise InvalidSchema(path + field.name, "it is null only, so that a new column would have no type; cast it")
        return _numbered(replace(field, nullable=True), self.assign)

    def field(self, old: Field, new: Field, path: str) -> Field:
        return replace(old, type=self.type(old.type, new.type, path + old.name))

    def type(self, old: DataType, new: DataType, path: str) -> DataType:
        if old.fields and old.name == new.name:
            return replace(old, fields=self.nested(old, new, path))
        common = None if old.fields or new.fields else widened(old, new)
        if self.evolve and common is not None:
            return common
        if may_fit(old, new):
            return old
        raise IncompatibleSchema(path, str(old), str(new), mismatch_hint(old, new))

    def nested(self, old: DataType, new: DataType, path: str) -> tuple[Field, ...]:
        if old.name == "struct":
            return self.members(old.fields, list(new.fields), path + ".")
        return tuple(
            replace(ours, type=self.type(ours.type, theirs.type, f"{path}.{ours.name}"))
            for ours, theirs in zip(old.fields, new.fields, strict=True)
        )


def numbered(field: Field, last: int) -> tuple[Field, int]:
    """The field and all its nested fields with new ids, counting on from `last`; and the last id assigned."""
    assign = _Counter(last)
    return _numbered(field, assign), assign.last


def walk_fields(fields: Iterable[Field]) -> Iterator[Field]:
    """All fields, nested ones included, parents first."""
    for field in fields:
        yield from field.walk()
