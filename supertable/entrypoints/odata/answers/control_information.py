"""Control information: what an answer tells of addresses and types (OData JSON Format 4.01, 4.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from supertable.entrypoints.odata.answers.entity_ids import entity_ids
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


def address_members(
    protocol: Protocol, entity: EntityType, root: str, columns: Sequence[Property], arrays: Sequence[pa.Array]
) -> pa.Array | None:
    """With full metadata, the address of each entity as a member; None without, or without its key in the columns."""
    by_name = {each.name: array for each, array in zip(columns, arrays, strict=True)}
    key = entity.key or (entity.row_identity,)
    if protocol.metadata is not Metadata.FULL or not all(name in by_name for name in key):
        return None
    properties = [next(each for each in columns if each.name == name) for name in key]
    ids = entity_ids(entity, properties, [by_name[name] for name in key])
    return pa.array([_member(protocol.control("id"), root + each) for each in ids], pa.string())


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
