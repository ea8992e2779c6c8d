"""Serving the MCP tester: `supertable serve mcp-tester`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supertable.config.settings.settings import Settings
from supertable.entrypoints.web.security.page_sessions import with_session_secret
from supertable.entrypoints.web.service.server import serve

if TYPE_CHECKING:
    from litestar import Litestar


def serve_mcp_tester(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises `AddressInUse`."""
    serve(settings.mcp_tester_host, settings.mcp_tester_port, 1, with_session_secret(settings), _load_app)


def _load_app(settings: Settings) -> Litestar:
    from supertable.config.service_container import service_container
    from supertable.entrypoints.mcp_tester.app import create_app
    from supertable.entrypoints.web.service.lifespans import worker_lifespan

    return create_app(service_container(settings), lifespan=[worker_lifespan])
