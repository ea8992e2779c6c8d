"""Names of types with their namespaces, as $metadata defines them and answers use them.

A supertable has a namespace, and each table with structs has one of its own, so that no two types can have one name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from supertable.entrypoints.odata.model.entity_types import (
    Collection,
    Complex,
    EdmType,
    EntityType,
    Primitive,
    Property,
)
from supertable.entrypoints.odata.model.identifiers import identifiers

TERMS = "SuperTableTerms"
"""The namespace of our own annotations: `ColumnName`, `TableName` and `WithoutZone`."""


def namespace_of(supertable: str) -> str:
    """The namespace of the entity types of a supertable."""
    return f"SuperTable.{identifiers([supertable])[0]}"


def structs_namespace(entity: EntityType) -> str:
    """The namespace of the complex types of a table."""
    return f"{namespace_of(entity.supertable)}.structs.{entity.name}"


def entity_type_name(entity: EntityType) -> str:
    return f"{namespace_of(entity.supertable)}.{entity.name}"


def container_name(entities: Iterable[EntityType]) -> str:
    """The name of the entity container, which no entity type has."""
    taken, name = {entity.name.lower() for entity in entities}, "Container"
    while name.lower() in taken:
        name += "_"
    return name


def type_name(entity: EntityType, kind: EdmType) -> str:
    """`Edm.Int64`, `Collection(Edm.String)`, `SuperTable.main.structs.orders.address`."""
    if isinstance(kind, Primitive):
        return kind.name
    if isinstance(kind, Complex):
        return f"{structs_namespace(entity)}.{kind.name}"
    return f"Collection({type_name(entity, kind.element)})"


def complex_types(properties: Iterable[Property]) -> Iterator[Complex]:
    """All complex types of the properties, also those within others."""
    for each in properties:
        kind = each.type.element if isinstance(each.type, Collection) else each.type
        if isinstance(kind, Complex):
            yield kind
            yield from complex_types(kind.properties)
