"""`…/Orders(1)`: one entity, its properties, and their raw values."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import pyarrow as pa
from litestar.exceptions import HTTPException

from supertable.domain.errors import NotFound
from supertable.domain.names import did_you_mean
from supertable.entrypoints.odata.answers.answer import Document
from supertable.entrypoints.odata.answers.control_information import (
    address_members,
    context,
    entity_start,
    select_list,
    type_member,
    written_columns,
)
from supertable.entrypoints.odata.answers.json_texts import property_texts, row_texts
from supertable.entrypoints.odata.expressions.keys import parse_key
from supertable.entrypoints.odata.model.entity_types import Collection, Complex, Primitive, Property
from supertable.entrypoints.odata.requests.protocol import Metadata
from supertable.entrypoints.odata.resources.reading import Reading
from supertable.entrypoints.odata.resources.service_documents import has_match
from supertable.entrypoints.odata.sql.entity_query import EntityQuery, QueryOptions, by_key
from supertable.entrypoints.web.requests.etags import etag_of

_TEXT = "text/plain;charset=utf-8"


def entity(reading: Reading, key: str) -> Document:
    """The entity of the key. Raises `NotFound`, the same for one that the caller does not see."""
    options = reading.options(("select", "compute"), "an entity")
    kind, protocol = reading.entities.type, reading.protocol
    query, row = _row(reading, key, options)
    etag = _etag(reading, key)
    headers = {**reading.version_headers, **({"ETag": etag} if etag else {})}
    if etag and has_match(reading.request, etag):
        return Document(status=304, headers=headers)
    columns = written_columns(protocol, kind, query.columns)
    chosen = select_list(query.columns, bool(options.select or options.compute))
    before = context(protocol, reading.root, f"{kind.name}{chosen}/$entity")
    if etag and protocol.metadata is not Metadata.NONE:
        before[protocol.control("etag")] = etag
    members = b"".join((msgspec.json.encode(before)[:-1], b"," if before else b""))
    arrays = row.columns[: len(columns)]
    own = address_members(protocol, kind, reading.root, query.columns, arrays)
    text = row_texts(arrays, columns, protocol.exact_numbers, entity_start(protocol, kind), own)[0].as_py()
    return Document(members + text.removeprefix(",\n{").encode(), protocol.content_type, headers=headers)


def property_of(reading: Reading, key: str, path: Sequence[str]) -> Document:
    """The value of a property; `path` leads to it through structs, and may end with `$value` or `$count`."""
    reading.options((), "a property")
    names, last = (path[:-1], path[-1]) if path[-1] in ("$value", "$count") else (path, "")
    found = _value(reading, key, names)
    if last == "$value":
        return _raw(reading, found)
    if last == "$count":
        return _size(reading, found)
    if not found.array.is_valid()[0].as_py() and not isinstance(found.property.type, Collection):
        return Document(status=204, headers=reading.version_headers)
    return _document(reading, key, names, found)


@dataclass(frozen=True, slots=True)
class _Value:
    """A property and its value, alone in an array."""

    property: Property
    array: pa.Array


def _document(reading: Reading, key: str, names: Sequence[str], found: _Value) -> Document:
    protocol, kind = reading.protocol, reading.entities.type
    before = context(protocol, reading.root, f"{kind.name}({key})/{'/'.join(names)}")
    before |= type_member(protocol, kind, found.property.type)
    text = property_texts(found.array, found.property, protocol.exact_numbers)[0].as_py().encode()
    start = b"".join((msgspec.json.encode(before)[:-1], b"," if before else b""))
    body = start + (text[1:] if isinstance(found.property.type, Complex) else b'"value":' + text + b"}")
    return Document(body, protocol.content_type, headers=reading.version_headers)


def _raw(reading: Reading, found: _Value) -> Document:
    """The value without JSON around it: text, or the bytes of a binary one."""
    kind, headers = found.property.type, reading.version_headers
    if not isinstance(kind, Primitive):
        raise HTTPException("`$value` is for properties of primitive types.", status_code=400)
    if not found.array.is_valid()[0].as_py():
        return Document(status=204, headers=headers)
    text: str = property_texts(found.array, found.property, exact=False)[0].as_py()
    value: str = msgspec.json.decode(text) if text.startswith('"') else text
    if kind.name == "Edm.Binary":
        return Document(base64.urlsafe_b64decode(value), "application/octet-stream", headers=headers)
    return Document(value.encode(), _TEXT, headers=headers)


def _size(reading: Reading, found: _Value) -> Document:
    if not isinstance(found.property.type, Collection):
        raise HTTPException("`$count` is for collections.", status_code=400)
    number = len(found.array[0].as_py() or ())
    return Document(str(number).encode(), _TEXT, headers=reading.version_headers)


def _value(reading: Reading, key: str, names: Sequence[str]) -> _Value:
    kind = reading.entities.type
    found = _named(kind.properties, names[0] if names else "", kind.name)
    options = QueryOptions(select=found.name)
    _, row = _row(reading, key, options)
    array = row.column(0)
    for name in names[1:]:
        if not isinstance(found.type, Complex):
            raise NotFound(f"Property {found.name} has no properties of its own.")
        member = _named(found.type.properties, name, found.name)
        array = array.flatten()[found.type.properties.index(member)]
        found = member
    return _Value(found, array)


def _named(properties: Sequence[Property], name: str, owner: str) -> Property:
    found = next((each for each in properties if each.name == name), None)
    if found is None:
        hint = did_you_mean(name, [each.name for each in properties])
        raise NotFound(f"There is no property {name[:80]!r} of {owner}.{hint}")
    return found


def _row(reading: Reading, key: str, options: QueryOptions) -> tuple[EntityQuery, pa.RecordBatch]:
    """The query, and its one row. Raises `NotFound`."""
    kind = reading.entities.type
    values = parse_key(key, kind.key or (kind.row_identity,), reading.request.options.aliases)
    query = by_key(kind, values, options, reading.entities.version)
    found = reading.rows(query)
    if not found.num_rows:
        raise NotFound(f"There is no entity of this key in {kind.name}.")
    return query, found.combine_chunks().to_batches()[0]


def _etag(reading: Reading, key: str) -> str:
    """A tag that changes when the table does; empty where the version does not say all."""
    if not reading.entities.is_whole:
        return ""
    return f"W/{etag_of(reading.entities.table.entry.table_id, reading.entities.version, key)}"
