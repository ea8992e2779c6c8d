"""The service document and `$metadata` of a supertable."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from supertable.entrypoints.odata.answers.answer import Document
from supertable.entrypoints.odata.model.csdl_json import csdl_json
from supertable.entrypoints.odata.model.csdl_xml import csdl_xml
from supertable.entrypoints.odata.model.entity_types import EntityType
from supertable.entrypoints.odata.requests.incoming import Incoming
from supertable.entrypoints.odata.requests.protocol import Metadata, json_protocol, version_of, wants_json_metadata
from supertable.entrypoints.web.requests.etags import etag_of


def service_document(request: Incoming, root: str, entities: Sequence[EntityType]) -> Document:
    """The entity sets. `root`: the address of the supertable, with a slash at the end."""
    protocol = json_protocol(request.headers, request.options.get("format"))
    context = {protocol.control("context"): f"{root}$metadata"} if protocol.metadata is not Metadata.NONE else {}
    sets = [{"name": each.name, "kind": "EntitySet", "url": each.name} for each in entities]
    body = msgspec.json.encode({**context, "value": sets})
    return conditional(request, Document(body, protocol.content_type, headers=protocol.headers))


def metadata_document(request: Incoming, supertable: str, entities: Sequence[EntityType]) -> Document:
    """The types of the entity sets, as the caller sees them."""
    version = version_of(request.headers)
    if wants_json_metadata(request.headers, request.options.get("format")):
        body, content_type = csdl_json(supertable, entities, version), "application/json;charset=utf-8"
    else:
        body, content_type = csdl_xml(supertable, entities, version), "application/xml;charset=utf-8"
    return conditional(request, Document(body, content_type, headers={"OData-Version": version}))


def conditional(request: Incoming, document: Document) -> Document:
    """The document with its tag; 304 if the client has it already."""
    etag = etag_of(document.content_type, document.body.decode())
    headers = {**document.headers, "ETag": etag, "Vary": "Accept, OData-MaxVersion, Authorization"}
    if has_match(request, etag):
        return Document(status=304, headers=headers)
    return Document(document.body, document.content_type, document.status, headers)


def has_match(request: Incoming, etag: str) -> bool:
    """Whether the client has what the tag stands for (RFC 9110, 13.1.2: weak comparison)."""
    given = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return "*" in given or etag.removeprefix("W/") in given
