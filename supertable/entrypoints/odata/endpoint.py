"""The OData endpoint as an ASGI application: it reads a request whole, and sends an answer."""

from __future__ import annotations

from typing import Any

from litestar import Request, asgi
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import Message, Receive, Scope, Send

from supertable.entrypoints.odata.answers.answer import Document, Rows
from supertable.entrypoints.odata.answers.compression import compressed
from supertable.entrypoints.odata.answers.error_documents import error_response
from supertable.entrypoints.odata.requests.incoming import Incoming, incoming
from supertable.entrypoints.odata.requests.public_address import ROOT, base_address
from supertable.entrypoints.odata.resources.dispatch import answer, require_reading
from supertable.entrypoints.web.responses.streamed_response import StreamedResponse
from supertable.entrypoints.web.service.dependencies import container_of


@asgi(ROOT, is_mount=True, copy_scope=True, exception_handlers={Exception: error_response})
async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
    request: Request[Any, Any, State] = Request(scope, receive, send)
    method = str(request.method)
    if method != "POST":
        require_reading(method)
    container = container_of(scope)
    wanted = await _incoming(request, method)
    found = await sync_to_thread(answer, container, wanted)
    found = compressed(found, request.headers.get("accept-encoding", ""))
    send = _without_body(send) if method == "HEAD" else send
    if isinstance(found, Rows):
        await StreamedResponse(found.source, found.content_type)(scope, receive, send)
    else:
        await _send_document(found, send)


async def _incoming(request: Request[Any, Any, State], method: str) -> Incoming:
    scope = request.scope
    settings = container_of(scope).settings()
    headers = {name.lower(): value for name, value in request.headers.items()}
    client = request.client.host if request.client else None
    base = base_address(settings, headers, client, scope["scheme"])
    raw = scope["raw_path"].partition(b"?")[0].decode("latin-1")
    path = raw.removeprefix(scope.get("root_path") or "").removeprefix(ROOT)
    body = await _body(request.receive, settings.max_body_bytes) if method == "POST" else b""
    query = scope["query_string"].decode("latin-1")
    return incoming(scope["user"], method, base, path, query, headers, body)


async def _body(receive: Receive, most: int) -> bytes:
    """The body of a request. Raises 413 beyond `most` bytes."""
    parts: list[bytes] = []
    more, size = True, 0
    while more:
        message = await receive()
        if message["type"] != "http.request":
            raise HTTPException("The client disconnected.", status_code=400)
        parts.append(message["body"])
        more, size = message["more_body"], size + len(message["body"])
        if size > most:
            raise HTTPException(f"The body has more than {most:,} bytes.", status_code=413)
    return b"".join(parts)


async def _send_document(document: Document, send: Send) -> None:
    headers = dict(document.headers)
    if document.status != 304:
        headers |= {"content-type": document.content_type, "content-length": str(len(document.body))}
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": document.status, "headers": encoded})
    await send({"type": "http.response.body", "body": document.body, "more_body": False})


def _without_body(send: Send) -> Send:
    """`send` for HEAD: the same status and headers."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message["body"] = b""
        await send(message)

    return send_head
