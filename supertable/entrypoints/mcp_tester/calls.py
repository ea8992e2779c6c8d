"""`/tools` and `/call`: what the page's scripts ask the MCP server, by way of us."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from supertable.config.settings.settings import Settings
from supertable.entrypoints.mcp_tester.mcp_client import McpServer, Method, server_address
from supertable.entrypoints.mcp_tester.visitors import Visitors
from supertable.entrypoints.web.requests.disconnects import done_unless_left
from supertable.entrypoints.web.requests.json_bodies import Body
from supertable.entrypoints.web.security.page_sessions import PageSession
from supertable.entrypoints.web.service.dependencies import container_of

PageRequest = Request[Any, Any, State]


class Call(Body):
    """`name`: of a tool or a prompt, or the address of a resource."""

    name: str = msgspec.field()
    method: Method = msgspec.field(default="tools/call")
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)


@get("/tools", include_in_schema=False)
async def tools(request: PageRequest) -> dict[str, Any]:
    """What the server offers to the caller."""
    session, _ = await _visitors(request).caller_of_own_page(request)
    return await done_unless_left(request.receive, _server(request, session).offer())


@post("/call", include_in_schema=False, status_code=HTTP_200_OK)
async def call(request: PageRequest, data: JSONBody[Call]) -> dict[str, Any]:
    """The messages of one call. Leaving cancels it."""
    session, _ = await _visitors(request).caller_of_own_page(request)
    work = _server(request, session).exchange(data.method, data.name, data.arguments)
    return await done_unless_left(request.receive, work)


def _server(request: PageRequest, session: PageSession) -> McpServer:
    settings: Settings = container_of(request.scope).settings()
    return McpServer(server_address(settings), session)


def _visitors(request: PageRequest) -> Visitors:
    visitors: Visitors = request.app.state["visitors"]
    return visitors


HANDLERS = (tools, call)
