"""The MCP server as the tester sees it: the official client, with the token of the person at the page."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx2
from mcp import MCPError
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import Implementation
from pydantic import BaseModel, ValidationError

from supertable.config.settings.settings import Settings
from supertable.domain.errors import AccessDenied, Unavailable
from supertable.domain.version import VERSION
from supertable.entrypoints.web.security.authentication import ORGANIZATION_HEADER
from supertable.entrypoints.web.security.credentials import ROLE_HEADER
from supertable.entrypoints.web.security.page_sessions import PageSession

_CONNECT_SECONDS = 5
_READ_SECONDS = 900
_MOST_PAGES = 50
_INVALID_ANSWER = -32603
"""JSON-RPC's code for an internal error."""
Method = Literal["tools/call", "prompts/get", "resources/read"]
_WHO = Implementation(name="supertable-mcp-tester", title="SuperTable's MCP tester", version=VERSION)
_SHOWN_HEADERS = re.compile(r"accept|content-type|mcp-.*|x-supertable-.*")
_SECRET_ARGUMENT = "auth_token"  # noqa: S105
_REFUSALS = {401, 403, 421}
"""Statuses that say who may not come in, or under which name nobody may."""
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - where a server that listens on all is found


def server_address(settings: Settings) -> str:
    """Of the MCP server that the tester calls: the setting, or that of the server on this machine."""
    if settings.mcp_tester_url:
        return settings.mcp_tester_url
    host = _EVERY_ADDRESS.get(settings.mcp_http_host, settings.mcp_http_host)
    return f"http://{host}:{settings.mcp_http_port}{settings.mcp_http_path}"


class McpServer:
    """Each question has a connection of its own, which ends with it, also where the question is cancelled."""

    def __init__(self, address: str, session: PageSession) -> None:
        self._address = address
        self._headers = {"Authorization": f"Bearer {session.token}", ORGANIZATION_HEADER: session.organization}
        if session.role:
            self._headers[ROLE_HEADER] = session.role

    async def offer(self) -> dict[str, Any]:
        """The server's name and revision of the protocol, its tools, prompts and templates of resources, and the first
        page of its resources. Raises `Unavailable`, and `AccessDenied` where the server refuses the token."""
        async with self._connected([]) as client:
            offers = client.server_capabilities
            return {
                "server": _document(client.server_info) if client.server_info else {},
                "protocol": client.protocol_version,
                "instructions": client.instructions or "",
                "tools": await _all_pages(client.list_tools, "tools"),
                "prompts": await _all_pages(client.list_prompts, "prompts") if offers.prompts else [],
                "resources": [_document(each) for each in (await client.list_resources()).resources]
                if offers.resources
                else [],
                "templates": await _all_pages(client.list_resource_templates, "resource_templates")
                if offers.resources
                else [],
            }

    async def exchange(self, method: Method, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """The request as it was sent, without secrets, the response, and the milliseconds between them.

        `name`: of a tool or a prompt, or the address of a resource. Raises what `offer` raises.
        """
        sent: list[httpx2.Request] = []
        async with self._connected(sent) as client:
            began = time.perf_counter()
            answer = await _answer(client, method, name, arguments)
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
        request, headers = _message(sent, method)
        response = {"jsonrpc": "2.0", "id": request.get("id"), **answer}
        return {"request": request, "headers": headers, "response": response, "milliseconds": milliseconds}

    @asynccontextmanager
    async def _connected(self, sent: list[httpx2.Request]) -> AsyncIterator[Client]:
        """A client, which adds the requests that it sends to `sent`."""

        async def record(request: httpx2.Request) -> None:
            sent.append(request)

        async def note(response: httpx2.Response) -> None:
            if (reason := await _reason(response)) is not None:
                reasons.append(reason)

        reasons: list[str] = []
        timeout = httpx2.Timeout(_CONNECT_SECONDS, read=_READ_SECONDS)
        try:
            async with (
                httpx2.AsyncClient(
                    headers=self._headers,
                    timeout=timeout,
                    trust_env=False,
                    event_hooks={"request": [record], "response": [note]},
                ) as http,
                Client(streamable_http_client(self._address, http_client=http), client_info=_WHO) as client,
            ):
                yield client
        except* (httpx2.HTTPError, MCPError):
            error = AccessDenied(reasons[-1]) if reasons else Unavailable("The MCP server does not answer.")
            raise error from None


async def _all_pages(list_page: Callable[..., Awaitable[Any]], member: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    for _ in range(_MOST_PAGES):
        page = await list_page(cursor=cursor)
        found += [_document(each) for each in getattr(page, member)]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def _answer(client: Client, method: Method, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """`result` or `error`, as the protocol has them."""
    try:
        if method == "tools/call":
            return {"result": _document(await client.call_tool(name, arguments))}
        if method == "prompts/get":
            return {"result": _document(await client.get_prompt(name, arguments))}
        return {"result": _document(await client.read_resource(name))}
    except MCPError as error:
        return {"error": _document(error.error)}
    except (RuntimeError, ValidationError) as error:  # the client's own judgement, like of an answer against its schema
        return {"error": {"code": _INVALID_ANSWER, "message": str(error)}}


def _message(sent: list[httpx2.Request], method: Method) -> tuple[dict[str, Any], dict[str, str]]:
    """The request of the method and its headers, as they were sent, without the tokens."""
    for request in sent:
        message = json.loads(request.content or b"{}")
        if message.get("method") == method:
            arguments = message["params"].get("arguments") or {}
            if _SECRET_ARGUMENT in arguments:
                arguments[_SECRET_ARGUMENT] = "(hidden)"
            return message, {name: value for name, value in request.headers.items() if _SHOWN_HEADERS.fullmatch(name)}
    return {}, {}


def _document(model: BaseModel) -> dict[str, Any]:
    document: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return document


async def _reason(response: httpx2.Response) -> str | None:
    """Why the server refuses the caller, in its words; None: it does not."""
    if response.status_code not in _REFUSALS:
        return None
    try:
        detail = json.loads(await response.aread())["detail"]
    except (ValueError, KeyError, TypeError):
        detail = f"It answers {response.status_code}."
    return f"The MCP server refuses this session. {detail}"
