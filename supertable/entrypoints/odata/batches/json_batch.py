"""Batches as JSON."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from supertable.domain.errors import InvalidInput
from supertable.entrypoints.odata.answers.answer import Document, Rows
from supertable.entrypoints.odata.batches.parts import Part, require_few
from supertable.entrypoints.odata.batches.running import Answering, BatchBody
from supertable.entrypoints.odata.requests.incoming import Incoming


class _Request(msgspec.Struct, rename={"depends_on": "dependsOn", "group": "atomicityGroup", "condition": "if"}):
    id: str
    method: str
    url: str
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    body: Any = None
    depends_on: list[str] = msgspec.field(default_factory=list)
    group: str = ""
    condition: Any = None


class _Batch(msgspec.Struct):
    requests: list[_Request]


def json_batch(batch: Incoming, answering: Answering) -> Rows:
    """Raises `InvalidInput` for a body that is no batch."""
    try:
        found = msgspec.json.decode(batch.body, type=_Batch).requests
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"The body is no batch in JSON: {error}.") from None
    require_few(len(found))
    ids = [each.id for each in found]
    if len(set(ids)) < len(ids):
        raise InvalidInput("Two requests of the batch have the same id.")
    parts = [_part(each) for each in found]
    body = BatchBody(batch, parts, answering, _written, b'{"responses":[', b",\n", b"]}")
    return Rows(body, "application/json;charset=utf-8")


def _part(request: _Request) -> Part:
    if request.condition is not None:
        raise InvalidInput("`if` of a request in a batch is not supported.")
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = request.body.encode() if isinstance(request.body, str) else b""
    if request.body is not None and not body:
        body = msgspec.json.encode(request.body)
    return Part(request.id, request.method.upper(), request.url, headers, body, request.group, request.depends_on)


def _written(part: Part, answer: Document) -> bytes:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    if answer.body:
        headers["content-type"] = answer.content_type
    group = {"atomicityGroup": part.group} if part.group else {}
    members = {"id": part.id, **group, "status": answer.status, "headers": headers}
    body = b',"body":' + _body(answer) if answer.body else b""
    return msgspec.json.encode(members)[:-1] + body + b"}"


def _body(answer: Document) -> bytes:
    """JSON as it is, text as a string, and other bytes in base64url (OData JSON Format 4.01, 19.5)."""
    kind = answer.content_type.partition(";")[0]
    if kind.endswith("json"):
        return answer.body
    if kind.startswith("text/") or kind.endswith("xml"):
        return msgspec.json.encode(answer.body.decode())
    return msgspec.json.encode(base64.urlsafe_b64encode(answer.body).decode())
