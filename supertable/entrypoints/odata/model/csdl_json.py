"""`$metadata` as JSON (OData CSDL JSON 4.01)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

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
_REFERENCES = {
    f"{_VOCABULARIES}/{name}.json": {"$Include": [{"$Namespace": name, "$Alias": alias}]}
    for name, alias in (("Org.OData.Core.V1", "Core"), ("Org.OData.Capabilities.V1", "Capabilities"))
}
_TERM = {"$Kind": "Term", "$Type": "Edm.String"}
_TERMS: dict[str, Any] = {
    "ColumnName": {**_TERM, "$AppliesTo": ["Property"]},
    "TableName": {**_TERM, "$AppliesTo": ["EntityType"]},
    "WithoutZone": {"$Kind": "Term", "$Type": "Edm.Boolean", "$AppliesTo": ["Property"]},
}


def csdl_json(supertable: str, entities: Sequence[EntityType], version: str) -> bytes:
    """The document. `version`: 4.0 or 4.01."""
    main, container = namespace_of(supertable), container_name(entities)
    document: dict[str, Any] = {
        "$Version": version,
        "$Reference": _REFERENCES,
        "$EntityContainer": f"{main}.{container}",
        main: {**{each.name: _entity_type(each) for each in entities}, container: _container(entities)},
        TERMS: _TERMS,
    }
    for entity in entities:
        structs = {each.name: _complex_type(entity, each) for each in complex_types(entity.properties)}
        if structs:
            document[structs_namespace(entity)] = structs
    return msgspec.json.encode(document)


def _container(entities: Iterable[EntityType]) -> dict[str, Any]:
    sets = {each.name: {"$Collection": True, "$Type": entity_type_name(each)} for each in entities}
    return {
        "$Kind": "EntityContainer",
        **sets,
        "@Core.ODataVersions": "4.0 4.01",
        "@Capabilities.ConformanceLevel": "Intermediate",
        "@Capabilities.AsynchronousRequestsSupported": False,
        "@Capabilities.BatchSupported": True,
        "@Capabilities.SupportedFormats": ["application/json"],
    }


def _entity_type(entity: EntityType) -> dict[str, Any]:
    identity: dict[str, Any] = {} if entity.key else {entity.row_identity: {}}
    names = {f"@{TERMS}.TableName": entity.table} if entity.table != entity.name else {}
    texts = {"@Core.Description": entity.description} if entity.description else {}
    keys = list(entity.key) or [entity.row_identity]
    properties = _properties(entity, entity.properties)
    return {"$Kind": "EntityType", "$Key": keys, **identity, **properties, **names, **texts}


def _complex_type(entity: EntityType, kind: Complex) -> dict[str, Any]:
    return {"$Kind": "ComplexType", **_properties(entity, kind.properties)}


def _properties(entity: EntityType, properties: Iterable[Property]) -> dict[str, Any]:
    return {each.name: _property(entity, each) for each in properties}


def _property(entity: EntityType, each: Property) -> dict[str, Any]:
    kind, nullable, found = each.type, each.nullable, dict[str, Any]()
    if isinstance(kind, Collection):
        found["$Collection"] = True
        nullable, kind = kind.nullable_elements, kind.element
    if type_name(entity, kind) != "Edm.String":
        found["$Type"] = type_name(entity, kind)
    if nullable:
        found["$Nullable"] = True
    if isinstance(kind, Primitive):
        facets = {"$Precision": kind.precision, "$Scale": kind.scale}
        found |= {name: value for name, value in facets.items() if value is not None}
    return found | _annotations(each)


def _annotations(each: Property) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if each.column != each.name:
        found[f"@{TERMS}.ColumnName"] = each.column
    if each.description:
        found["@Core.Description"] = each.description
    if each.as_json:
        found["@Core.MediaType"] = "application/json"
    if each.stored.name == "timestamp" and not each.stored.timezone:
        found[f"@{TERMS}.WithoutZone"] = True
    return found
