"""Serving MCP: `supertable serve mcp`, over the transport that the settings name."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from supertable.config.settings.settings import Settings

if TYPE_CHECKING:
    from litestar import Litestar


def serve_mcp(settings: Settings, role: str | None = None) -> None:
    """Serve until SIGTERM or SIGINT; over stdio, until the input ends. `role`: that of the caller over stdio.

    Raises `AddressInUse`, `NotSignedIn` and `AccessDenied`.
    """
    if settings.mcp_transport == "stdio":
        gc.disable()
        try:
            from supertable.entrypoints.mcp.stdio import serve_stdio
        finally:
            gc.freeze()  # what was imported stays: the collector need not look at it again and again
            gc.enable()
        serve_stdio(settings, role)
        return
    from supertable.entrypoints.web.service.server import serve

    serve(settings.mcp_http_host, settings.mcp_http_port, 1, settings, _load_app)  # sessions live in one process


def _load_app(settings: Settings) -> Litestar:
    from supertable.config.service_container import service_container
    from supertable.entrypoints.mcp.http.app import create_app
    from supertable.entrypoints.mcp.http.origins import allowed_hosts
    from supertable.entrypoints.web.service.lifespans import worker_lifespan

    of_this_service = {
        "allowed_hosts": allowed_hosts(settings),
        "queries_at_once": min(settings.queries_at_once, settings.max_concurrency),
        "jwt_audience": settings.mcp_resource_url if settings.jwt_audience else None,
    }
    given = {name: value for name, value in of_this_service.items() if value is not None}
    return create_app(service_container(settings.model_copy(update=given)), lifespan=[worker_lifespan])
