"""OAuth 2.1 protected-resource metadata (RFC 9728): where clients get a token, and for which resource.

It is at both well-known addresses: that of the host, and that of the server's path.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from supertable.config.settings.settings import Settings
from supertable.domain.errors import NotSignedIn
from supertable.entrypoints.web.observability.request_log import request_id
from supertable.entrypoints.web.problems.problem_documents import MEDIA_TYPE, problem_of
from supertable.entrypoints.web.security.trusted_proxies import is_trusted_proxy
from supertable.entrypoints.web.service.dependencies import container_of

_WELL_KNOWN = "/.well-known/oauth-protected-resource"


def resource_url(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The server's address as the client sees it: as set, or by the host name of the request, which was checked."""
    settings: Settings = container_of(connection.scope).settings()
    if settings.mcp_resource_url:
        return settings.mcp_resource_url
    scheme = connection.url.scheme
    if is_trusted_proxy(connection.client.host if connection.client else None, settings):
        scheme = "https" if connection.headers.get("X-Forwarded-Proto", "").lower() == "https" else scheme
    return f"{scheme}://{connection.headers.get('host', '')}{settings.mcp_http_path}"


def metadata_url(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Where the metadata of the resource is: RFC 9728 puts the well-known part before the resource's path."""
    scheme, _, rest = resource_url(connection).partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme}://{host}{_WELL_KNOWN}" + (f"/{path}" if path else "")


def metadata_handlers(settings: Settings) -> list[HTTPRouteHandler]:
    """The handlers of both addresses. They need no token."""

    @get([_WELL_KNOWN, _WELL_KNOWN + settings.mcp_http_path], security=[{}])
    async def protected_resource(request: ASGIConnection[Any, Any, Any, Any]) -> Response[dict[str, Any]]:
        """Describe the resource that tokens must be issued for, and who issues them."""
        issuers = {"authorization_servers": [settings.jwt_issuer]} if settings.jwt_issuer else {}
        document = {
            "resource": resource_url(request),
            **issuers,
            "bearer_methods_supported": ["header"],
            "resource_name": "SuperTable",
        }
        return Response(document, headers={"Cache-Control": "max-age=300"})

    return [protected_resource]


def unauthorized(connection: ASGIConnection[Any, Any, Any, Any], error: NotSignedIn) -> ASGIApp:
    """The answer to a request without a valid token: a problem document, which says where the metadata is."""
    problem = problem_of(error)
    challenge = f'Bearer realm="supertable", resource_metadata="{metadata_url(connection)}"'
    if "Authorization" in connection.headers:
        challenge += ', error="invalid_token"'
    response = Response(
        problem.document(request_id(connection.scope)),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"WWW-Authenticate": challenge},
    )
    return response.to_asgi_response(None, connection)  # type: ignore[arg-type]
