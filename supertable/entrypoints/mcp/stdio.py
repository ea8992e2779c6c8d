"""The MCP server over stdio: a client starts it, and it ends when the client closes its input.

The process has one caller, whom the environment names as for the command line. Nothing but the protocol is written to
standard output; logs go to standard error. The engine is loaded once the client has the list of tools, or calls one.
"""

from __future__ import annotations

import os
import signal
import sys
from threading import Lock, Timer
from typing import TYPE_CHECKING

import anyio
from mcp.server.stdio import stdio_server

from supertable.config.settings.settings import Settings
from supertable.entrypoints.mcp.protocol.execution import Execution
from supertable.entrypoints.mcp.protocol.server import create_server
from supertable.entrypoints.web.observability.json_logs import configure_logs

if TYPE_CHECKING:
    from supertable.entrypoints.mcp.identity.connections import Connection
    from supertable.entrypoints.mcp.tools.desk import Desk

_LOAD_AFTER_SECONDS = 0.5
_MOST_CLOSING_SECONDS = 5.0


class _Local:
    """The lake of this process and its caller, opened when they are first needed. Thread-safe."""

    def __init__(self, settings: Settings, role: str | None) -> None:
        self._settings = settings
        self._role = role
        self._lock = Lock()
        self._desk: Desk | None = None
        self._connection: Connection | None = None

    def desk(self) -> Desk:
        with self._lock:
            if self._desk is None:
                from supertable.config.container import Container
                from supertable.entrypoints.mcp.tools.desk import Desk

                self._desk = Desk(Container(settings=self._settings))
            return self._desk

    def connection(self, _: object) -> Connection:
        """Raises `NotSignedIn` and `AccessDenied`, at each call until signing in succeeds."""
        desk = self.desk()
        with self._lock:
            if self._connection is None:
                from supertable.config.local_sign_in import local_session
                from supertable.entrypoints.mcp.identity.connections import Connection

                session = local_session(desk.container, self._settings.organization, None, self._role)
                self._connection = Connection(session, session.organization)
            return self._connection

    def close(self) -> None:
        """Stop what runs. No-op if nothing was opened."""
        if self._desk is not None:
            from supertable.config.closing import close

            close(self._desk.container)


def serve_stdio(settings: Settings, role: str | None) -> None:
    """Serve until the input ends, or SIGTERM or SIGINT."""
    configure_logs(settings.log_level)
    local = _Local(settings, role)
    try:
        anyio.run(_serve, local, Execution(settings.max_concurrency))
    finally:
        local.close()


async def _serve(local: _Local, execution: Execution) -> None:
    server = create_server(local.desk, local.connection, execution)
    loading = Timer(_LOAD_AFTER_SECONDS, local.desk)
    loading.daemon = True
    try:
        async with anyio.create_task_group() as tasks, stdio_server() as (received, sent):
            tasks.start_soon(_end_on_signal, local)
            loading.start()
            await server.run(received, sent, server.create_initialization_options())
            tasks.cancel_scope.cancel()
    finally:
        loading.cancel()
        execution.close()


async def _end_on_signal(local: _Local) -> None:
    """End the process without waiting for input: the thread that reads it cannot be stopped."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            latest = Timer(_MOST_CLOSING_SECONDS, os._exit, (0,))
            latest.daemon = True
            latest.start()
            await anyio.to_thread.run_sync(local.close)
            sys.stderr.flush()
            os._exit(0)
