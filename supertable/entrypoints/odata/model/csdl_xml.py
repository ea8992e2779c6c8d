"""`$metadata` as XML (OData CSDL XML 4.01)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from xml.sax.saxutils import quoteattr

from supertable.entrypoints.odata.model.entity_types import Collection, Complex, EntityType, Primitive, Property
from supertable.entrypoints.odata.model.type_names import (
    TERMS,
    complex_types,
    container_name,
    entity_type_name,
    namespace_of,
    structs_namespace,
    type_name,
)

_VOCABULARIES = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies"
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="{version}">\n'
    f'<edmx:Reference Uri="{_VOCABULARIES}/Org.OData.Core.V1.xml">'
    '<edmx:Include Namespace="Org.OData.Core.V1" Alias="Core"/></edmx:Reference>\n'
    f'<edmx:Reference Uri="{_VOCABULARIES}/Org.OData.Capabilities.V1.xml">'
    '<edmx:Include Namespace="Org.OData.Capabilities.V1" Alias="Capabilities"/></edmx:Reference>\n'
    "<edmx:DataServices>\n"
)
_TERMS = (
    f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{TERMS}">\n'
    '<Term Name="ColumnName" Type="Edm.String" AppliesTo="Property"/>\n'
    '<Term Name="TableName" Type="Edm.String" AppliesTo="EntityType"/>\n'
    '<Term Name="WithoutZone" Type="Edm.Boolean" AppliesTo="Property"/>\n'
    "</Schema>\n"
)
_SCHEMA = '<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace={name}>\n'
_CAPABILITIES = (
    '<Annotation Term="Core.ODataVersions" String="4.0 4.01"/>\n'
    '<Annotation Term="Capabilities.ConformanceLevel" EnumMember="Org.OData.Capabilities.V1.ConformanceLevelType/'
    'Intermediate"/>\n'
    '<Annotation Term="Capabilities.AsynchronousRequestsSupported" Bool="false"/>\n'
    '<Annotation Term="Capabilities.BatchSupported" Bool="true"/>\n'
    '<Annotation Term="Capabilities.SupportedFormats"><Collection><String>application/json</String></Collection>'
    "</Annotation>\n"
)


def csdl_xml(supertable: str, entities: Sequence[EntityType], version: str) -> bytes:
    """The document. `version`: 4.0 or 4.01."""
    lines = chain(
        [_HEAD.format(version=version)],
        _main_schema(supertable, entities),
        chain.from_iterable(_structs_schema(entity) for entity in entities),
        [_TERMS, "</edmx:DataServices>\n</edmx:Edmx>\n"],
    )
    return "".join(lines).encode()


def _main_schema(supertable: str, entities: Sequence[EntityType]) -> Iterator[str]:
    yield _SCHEMA.format(name=quoteattr(namespace_of(supertable)))
    for entity in entities:
        yield from _entity_type(entity)
    yield f"<EntityContainer Name={quoteattr(container_name(entities))}>\n"
    for entity in entities:
        yield f"<EntitySet Name={quoteattr(entity.name)} EntityType={quoteattr(entity_type_name(entity))}/>\n"
    yield f"{_CAPABILITIES}</EntityContainer>\n</Schema>\n"


def _entity_type(entity: EntityType) -> Iterator[str]:
    keys = entity.key or (entity.row_identity,)
    refs = "".join(f"<PropertyRef Name={quoteattr(key)}/>" for key in keys)
    yield f"<EntityType Name={quoteattr(entity.name)}>\n<Key>{refs}</Key>\n"
    if not entity.key:
        yield f'<Property Name={quoteattr(entity.row_identity)} Type="Edm.String" Nullable="false"/>\n'
    yield from _properties(entity, entity.properties)
    if entity.table != entity.name:
        yield _annotation(f"{TERMS}.TableName", entity.table)
    if entity.description:
        yield _annotation("Core.Description", entity.description)
    yield "</EntityType>\n"


def _structs_schema(entity: EntityType) -> Iterator[str]:
    found = list(complex_types(entity.properties))
    if found:
        yield _SCHEMA.format(name=quoteattr(structs_namespace(entity)))
        for each in found:
            yield from _complex_type(entity, each)
        yield "</Schema>\n"


def _complex_type(entity: EntityType, kind: Complex) -> Iterator[str]:
    yield f"<ComplexType Name={quoteattr(kind.name)}>\n"
    yield from _properties(entity, kind.properties)
    yield "</ComplexType>\n"


def _properties(entity: EntityType, properties: Iterable[Property]) -> Iterator[str]:
    for each in properties:
        start = f"<Property Name={quoteattr(each.name)} Type={quoteattr(type_name(entity, each.type))}{_facets(each)}"
        inside = "".join(_property_annotations(each))
        yield f"{start}>{inside}</Property>\n" if inside else f"{start}/>\n"


def _facets(each: Property) -> str:
    kind = each.type.element if isinstance(each.type, Collection) else each.type
    nullable = each.type.nullable_elements if isinstance(each.type, Collection) else each.nullable
    facets = "" if nullable else ' Nullable="false"'
    if isinstance(kind, Primitive):
        facets += "" if kind.precision is None else f' Precision="{kind.precision}"'
        facets += "" if kind.scale is None else f' Scale="{kind.scale}"'
    return facets


def _property_annotations(each: Property) -> Iterator[str]:
    if each.column != each.name:
        yield _annotation(f"{TERMS}.ColumnName", each.column)
    if each.description:
        yield _annotation("Core.Description", each.description)
    if each.as_json:
        yield _annotation("Core.MediaType", "application/json")
    if each.stored.name == "timestamp" and not each.stored.timezone:
        yield f'<Annotation Term="{TERMS}.WithoutZone" Bool="true"/>'


def _annotation(term: str, text: str) -> str:
    return f"<Annotation Term={quoteattr(term)} String={quoteattr(text)}/>"
