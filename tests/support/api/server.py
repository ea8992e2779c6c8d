"""The REST API on granian in a thread of this process, so that tests can override the container's providers."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from supertable.config.container import Container
from supertable.entrypoints.api.app import create_app
from supertable.entrypoints.web.service.dependencies import application_state
from tests.servers.process import answers, free_port
from tests.support.api.http import open_client

TOKEN = "st_owner-of-the-tests"

_HIGH_RATE_LIMIT = 10_000
_idle: defaultdict[object, list[Litestar]] = defaultdict(list)
"""Applications of stopped servers, by their settings. To make one takes longer than most tests."""


Create = Callable[[Container], Litestar]


def _kind_of_application(create: Create, container: Container) -> object:
    settings = container.settings()
    return (
        create,
        settings.allowed_hosts,
        settings.cors_origins,
        settings.max_body_bytes,
        settings.otlp_endpoint,
        settings.rate_limit,
    )


def _application(create: Create, container: Container) -> Litestar:
    """An application over `container`. All that it keeps between requests is in its state, but counts for a rate limit.

    Those need a new application where a test could reach the limit.
    """
    idle = _idle[_kind_of_application(create, container)]
    if not idle or container.settings().rate_limit < _HIGH_RATE_LIMIT:
        return create(container)
    app = idle.pop()
    app.state = application_state(container)
    return app


class ApiServer:
    """Serves the API over `container` until `stop`. `url` is its address. `create`: makes another service."""

    def __init__(self, container: Container, create: Create = create_app) -> None:
        self.container = container
        self._create = create
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._app = _application(create, container)
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
        return open_client(self.url, headers={**headers, **role_header}, timeout=30, **options)

    def begin_shutdown(self) -> None:
        """Begin the shutdown as SIGTERM does: streams and jobs end by themselves."""
        self._loop.call_soon_threadsafe(self._app.state["shutdown"].begin, 10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._loop.close()
        _idle[_kind_of_application(self._create, self.container)].append(self._app)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())
