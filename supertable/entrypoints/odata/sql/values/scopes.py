"""What names mean in an expression: properties, their members, range variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from supertable.domain.names import did_you_mean, quoted
from supertable.domain.schema.types import DataType
from supertable.entrypoints.odata.errors import NotSupported
from supertable.entrypoints.odata.model.entity_types import Collection, Complex, EdmType, Property
from supertable.entrypoints.odata.sql.values.typed import INT64, Typed, text_literal


@dataclass(frozen=True, slots=True)
class Scope:
    """`relation`: the alias of what has the columns. `variables`: the values of range variables, by name.

    `row_identity`: the name of the property that identifies rows without a key; empty: there is none.
    """

    properties: Sequence[Property]
    relation: str = "t"
    variables: Mapping[str, Typed] = field(default_factory=dict)
    row_identity: str = ""

    def value(self, names: Sequence[str]) -> Typed | str:
        """The value at a path; a text that says what is wrong where there is none."""
        if names[0] == "$it":
            return self._member_of_row(names[1:])
        found = self.variables.get(names[0])
        return _below(found, names[1:]) if found else self._member_of_row(names)

    def with_variable(self, name: str, value: Typed) -> Scope:
        return Scope(self.properties, self.relation, {**self.variables, name: value}, self.row_identity)

    def _member_of_row(self, names: Sequence[str]) -> Typed | str:
        if not names:
            raise NotSupported("`$it` alone is not supported: name a property, as in $it/Name.")
        if names[0] == self.row_identity:
            raise NotSupported(f"{names[0]} is no part of expressions: read the one row by it, as a key.")
        found = next((each for each in self.properties if each.name == names[0]), None)
        if found is None:
            return missing(names[0], [each.name for each in self.properties])
        return _below(typed_column(found, f"{self.relation}.{quoted(found.column)}"), names[1:])


def typed_column(found: Property, sql: str) -> Typed:
    """A column or member as a value. Raises `NotSupported` for those that are JSON texts."""
    if found.as_json:
        raise NotSupported(f"{found.name} is a text of JSON, which expressions cannot read. Select it.")
    return typed_value(sql, found.type, found.stored)


def typed_value(sql: str, kind: EdmType, stored: DataType) -> Typed:
    return Typed(sql, kind, zoned=bool(stored.timezone), stored=stored)


def missing(name: str, known: Sequence[str]) -> str:
    hint = did_you_mean(name, known)
    return f"there is no property {name[:80]!r}{f'.{hint}' if hint else ''}"


def _below(value: Typed, names: Sequence[str]) -> Typed | str:
    for name in names:
        if name == "$count" and isinstance(value.type, Collection):
            return Typed(f"coalesce(len({value.sql}), 0)", INT64)
        if not isinstance(value.type, Complex):
            kind = "a collection, whose elements any and all read" if isinstance(value.type, Collection) else "a value"
            return f"{name[:80]!r} cannot be read of {kind}"
        found = next((each for each in value.type.properties if each.name == name), None)
        if found is None:
            return missing(name, [each.name for each in value.type.properties])
        value = typed_column(found, f"struct_extract({value.sql}, {text_literal(found.column)})")
    return value


def element(value: Typed, variable: str) -> Typed:
    """An element of the collection, as the range variable of this SQL name."""
    assert isinstance(value.type, Collection)
    assert value.stored is not None
    return typed_value(variable, value.type.element, value.stored.fields[0].type)
