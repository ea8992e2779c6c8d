"""The SDK's application behind our sign-in: every request is authenticated before the protocol sees it."""

from __future__ import annotations

from typing import Any

from litestar import asgi
from litestar.connection import ASGIConnection
from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope, Send
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from supertable.domain.access.sessions import Session
from supertable.domain.errors import AccessDenied, InvalidInput, NotSignedIn
from supertable.entrypoints.mcp.http.origins import Origins
from supertable.entrypoints.mcp.http.resource_metadata import unauthorized
from supertable.entrypoints.mcp.identity.callers import Callers
from supertable.entrypoints.mcp.identity.connections import Connection, Nobody, Who
from supertable.entrypoints.mcp.protocol.calls import Context
from supertable.entrypoints.web.control_threads import in_control_thread
from supertable.entrypoints.web.security.authentication import ORGANIZATION_HEADER
from supertable.entrypoints.web.security.credentials import ROLE_HEADER, after_scheme
from supertable.entrypoints.web.security.rate_limit import RateLimit
from supertable.entrypoints.web.security.trusted_proxies import client_address
from supertable.entrypoints.web.service.dependencies import container_of

HttpConnection = ASGIConnection[Any, Any, Any, Any]


class ConnectedUser(AuthenticatedUser):
    """Who sent a request. The SDK lets a session be used only by who has the same `client_id` as its creator."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(AccessToken(token="", client_id=connection.identifier, scopes=[]))
        self.connection = connection


def connection_of(context: Context) -> Connection:
    """That of the HTTP request that brought the message, so that each is authorized by its own token."""
    user = context.request.scope["user"] if context.request is not None else None
    if not isinstance(user, ConnectedUser):
        raise NotSignedIn("This message came without an authenticated request. Nothing was run.")
    return user.connection


def mount(
    path: str, manager: StreamableHTTPSessionManager, callers: Callers, origins: Origins, rate_limit: RateLimit
) -> ASGIRouteHandler:
    """The handler of the server's path."""

    @asgi(path, is_mount=True, copy_scope=True)
    async def mcp(scope: Scope, receive: Receive, send: Send) -> None:
        connection: HttpConnection = ASGIConnection(scope)
        if not origins.allow(connection.headers.get("Origin")):
            raise AccessDenied("Pages of this origin may not call the server (SUPERTABLE_MCP_ORIGINS).")
        try:
            connected = await _connected(connection, callers, rate_limit)
        except NotSignedIn as error:
            await unauthorized(connection, error)(scope, receive, send)
            return
        scope["user"] = ConnectedUser(connected)
        await manager.handle_request(scope, receive, send)  # type: ignore[arg-type]

    return mcp


async def _connected(connection: HttpConnection, callers: Callers, rate_limit: RateLimit) -> Connection:
    """Raises `NotSignedIn`, `AccessDenied`, `InvalidInput`, and 429 above the limit of requests."""
    settings = container_of(connection.scope).settings()
    organization = connection.headers.get(ORGANIZATION_HEADER) or settings.organization
    try:
        who = await _who(connection, callers, organization, settings.require_token)
    except (NotSignedIn, AccessDenied, InvalidInput):
        rate_limit.count(f"from {client_address(connection, settings)}")
        raise
    caller = f"by {organization.lower()}/{who.user}" if isinstance(who, Session) else ""
    rate_limit.count(caller or f"from {client_address(connection, settings)}")
    return Connection(who, organization)


async def _who(connection: HttpConnection, callers: Callers, organization: str, require_token: bool) -> Who:
    authorization = connection.headers.get("Authorization", "")
    if token := after_scheme("bearer", authorization):
        role = connection.headers.get(ROLE_HEADER) or None
        return await in_control_thread(callers.signed_in, organization, token, role)
    if require_token or authorization:
        raise NotSignedIn("No token was sent. Send one in the header `Authorization: Bearer …`.")
    return Nobody.UNKNOWN
