"""Entity types: a table as OData describes it to one caller.

Everything that reads a request or writes an answer works on these types alone, so nothing outside them, such as a
hidden column, can be named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from supertable.domain.schema.types import DataType


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type, like `Edm.Int64`. The facets are None where the type has none."""

    name: str
    precision: int | None = None
    scale: int | None = None


@dataclass(frozen=True, slots=True)
class Complex:
    """A struct. `name`: without its namespace, unique in its table."""

    name: str
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """A list. Its elements are no collections themselves."""

    element: Primitive | Complex
    nullable_elements: bool = True


EdmType: TypeAlias = Primitive | Complex | Collection


@dataclass(frozen=True, slots=True)
class Property:
    """A column of a table, or a member of a struct.

    `name`: an OData identifier, unique in its type. `column`: the real name, for SQL. `stored`: the type that SQL has.
    `as_json`: the values are texts of JSON, since OData has no type for them (maps, lists of lists).
    """

    name: str
    column: str
    type: EdmType
    stored: DataType
    nullable: bool = True
    description: str = ""
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class EntityType:
    """A table under the caller's role. `name`: an OData identifier, that of its entity set too.

    `supertable`, `table`: the real names. `key`: names of properties, in the order of the keys. Empty: the table has no
    keys that the caller sees; then an entity is identified by a text that is made of its values
    (`row_identity`), in a property of this name.
    """

    name: str
    supertable: str
    table: str
    properties: tuple[Property, ...]
    key: tuple[str, ...] = ()
    row_identity: str = "row_id"
    description: str = ""

    def property_of(self, name: str) -> Property | None:
        """The property of this name; None if there is none."""
        return next((each for each in self.properties if each.name == name), None)
