"""Control information: what an answer tells of addresses and types (OData JSON Format 4.01, 4.6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from supertable.entrypoints.odata.answers.json_texts import Column
from supertable.entrypoints.odata.model.entity_types import Collection, Complex, EdmType, EntityType, Property
from supertable.entrypoints.odata.model.type_names import entity_type_name, type_name
from supertable.entrypoints.odata.requests.protocol import Metadata, Protocol

_SELF_DESCRIBING = frozenset({"Edm.String", "Edm.Boolean", "Edm.Double"})


def context(protocol: Protocol, root: str, fragment: str) -> dict[str, Any]:
    """The context URL as a member. `root`: the address of the service, with a slash at its end."""
    if protocol.metadata is Metadata.NONE:
        return {}
    return {protocol.control("context"): f"{root}$metadata#{fragment}"}


def select_list(columns: Iterable[Property], chosen: bool) -> str:
    """`(id,name)` in a context URL; empty where no option chooses properties."""
    return f"({','.join(each.name for each in columns)})" if chosen else ""


def written_columns(protocol: Protocol, entity: EntityType, columns: Iterable[Property]) -> list[Column]:
    """The columns, with full metadata each with its type, where JSON does not tell it."""
    if protocol.metadata is not Metadata.FULL:
        return [Column(each) for each in columns]
    return [Column(each, _type_member(protocol, entity, each)) for each in columns]


def entity_start(protocol: Protocol, entity: EntityType) -> str:
    """The members that each entity begins with."""
    if protocol.metadata is not Metadata.FULL:
        return ""
    return _member(protocol.control("type"), _short(protocol, entity_type_name(entity)))


def type_member(protocol: Protocol, entity: EntityType, kind: EdmType) -> dict[str, Any]:
    """The type of a value that is an answer of its own."""
    if protocol.metadata is not Metadata.FULL or not _needs_type(kind):
        return {}
    return {protocol.control("type"): _short(protocol, type_name(entity, kind))}


def _type_member(protocol: Protocol, entity: EntityType, each: Property) -> str:
    if not _needs_type(each.type):
        return ""
    return _member(f"{each.name}{protocol.control('type')}", _short(protocol, type_name(entity, each.type)))


def _needs_type(kind: EdmType) -> bool:
    return isinstance(kind, Collection | Complex) or kind.name not in _SELF_DESCRIBING


def _short(protocol: Protocol, name: str) -> str:
    """`#Int64`, `#Collection(String)`, `#SuperTable.main.orders`; since 4.01 without `#` for types of OData's own."""
    own = "Edm." in name
    return ("#" if not own or protocol.version == "4.0" else "") + name.replace("Edm.", "")


def _member(name: str, value: str) -> str:
    return f"{msgspec.json.encode(name).decode()}:{msgspec.json.encode(value).decode()}"
