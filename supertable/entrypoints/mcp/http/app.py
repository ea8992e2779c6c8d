"""The MCP server over HTTP as an application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from supertable.config.backends.executors import executor_count
from supertable.config.container import Container
from supertable.config.settings.settings import Settings
from supertable.entrypoints.mcp.http.mount import connection_of, mount
from supertable.entrypoints.mcp.http.origins import Origins
from supertable.entrypoints.mcp.http.resource_metadata import metadata_handlers
from supertable.entrypoints.mcp.identity.callers import Callers
from supertable.entrypoints.mcp.protocol.execution import Execution
from supertable.entrypoints.mcp.protocol.server import create_server
from supertable.entrypoints.mcp.tools.desk import Desk
from supertable.entrypoints.web.app import create_service
from supertable.entrypoints.web.security.rate_limit import RateLimit
from supertable.entrypoints.web.service.lifespans import Lifespan

_QUEUED = 256
"""Threads for calls where executors keep the queue of queries, so that waiting calls do not hold up others."""
_IDLE_SECONDS = 30 * 60
_MOST_SESSIONS = 10_000


def create_app(container: Container, lifespan: Sequence[Lifespan] = ()) -> Litestar:
    """The MCP server over the use cases of `container`, which the caller closes."""
    settings: Settings = container.settings()
    desk = Desk(container)
    execution = Execution(_QUEUED if executor_count(settings) else settings.max_concurrency)

    @asynccontextmanager
    async def running_calls(app: Litestar) -> AsyncIterator[None]:
        yield
        execution.close()

    server = create_server(lambda: desk, connection_of, execution)
    return mounted(server, container, desk.callers, [*lifespan, running_calls])


def mounted(server: Server[Any], container: Container, callers: Callers, lifespan: Sequence[Lifespan]) -> Litestar:
    """A service that answers for `server` at its path, behind sign-in and the checks of hosts and origins."""
    settings: Settings = container.settings()
    manager = StreamableHTTPSessionManager(
        server,
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),  # ours check more
        max_request_body_size=settings.max_body_bytes,
        session_idle_timeout=_IDLE_SECONDS,
        max_sessions=_MOST_SESSIONS,
    )

    @asynccontextmanager
    async def sessions(app: Litestar) -> AsyncIterator[None]:
        async with manager.run():
            yield

    origins = Origins(settings)
    protocol = mount(settings.mcp_http_path, manager, callers, origins, RateLimit(settings.rate_limit))
    handlers = [*metadata_handlers(settings), protocol]
    return create_service("mcp", container, handlers, [*lifespan, sessions], cors_config=origins.cors())
