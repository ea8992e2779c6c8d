"""The REST API on granian in a thread of this process, so that tests can override the container's providers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server

from supertable.config.container import Container
from supertable.entrypoints.api.app import create_app
from tests.servers.process import answers, free_port

TOKEN = "st_owner-of-the-tests"


class ApiServer:
    """Serves the API over `container` until `stop`. `url` is its address."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._app = create_app(container)
        self._server = Server(self._app, port=self.port, interface=Interfaces.ASGI, log_enabled=False, websockets=True)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        while not answers(self.port):
            assert self._thread.is_alive(), "the server did not start"
            time.sleep(0.001)

    def client(self, token: str | None = TOKEN, role: str | None = None, **options: Any) -> httpx.Client:
        """A client with the token and role. `token` None: not signed in; `role` None: the default role."""
        headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"} if token else {}
        role_header = {"X-Supertable-Role": role} if role else {}
        return httpx.Client(base_url=self.url, headers={**headers, **role_header}, timeout=30, **options)

    def begin_shutdown(self) -> None:
        """Begin the shutdown as SIGTERM does: streams and jobs end by themselves."""
        self._loop.call_soon_threadsafe(self._app.state["shutdown"].begin, 10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())
