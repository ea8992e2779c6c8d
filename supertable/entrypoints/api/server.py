"""Serving under granian: processes of their own, which share nothing but the catalog and the object store."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from litestar import Litestar

from supertable.config.closing import close
from supertable.config.container import Container
from supertable.config.settings.settings import Settings
from supertable.entrypoints.web.observability.json_logs import GRANIAN, configure_logs

_COUNTS = "PROMETHEUS_MULTIPROC_DIR"
_MORE_SECONDS = 5


def serve_api(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises `OSError` when the address is taken."""
    multiprocessing.set_start_method("spawn", force=True)  # threads of this process would not live on in a fork
    configure_logs(settings.log_level)
    with TemporaryDirectory(prefix="supertable-") as counts:
        os.environ.setdefault(_COUNTS, counts)
        server: Any = Granian(
            "supertable",
            address=settings.api_host,
            port=settings.api_port,
            workers=settings.api_workers,
            interface=Interfaces.ASGI,
            http=HTTPModes.http1,  # whose broken-off answers every client notices
            backlog=1024,
            respawn_failed_workers=True,
            workers_kill_timeout=settings.shutdown_seconds + _MORE_SECONDS,
            log_dictconfig=GRANIAN,
        )
        server.serve(target_loader=partial(_worker, settings), wrap_loader=False)


def _worker(settings: Settings) -> Litestar:
    from supertable.entrypoints.api.app import create_app

    configure_logs(settings.log_level)
    return create_app(Container(settings=settings), lifespan=[_life])


@asynccontextmanager
async def _life(app: Litestar) -> AsyncIterator[None]:
    """A worker's, from its first request to its last."""
    container: Container = app.state["container"]
    container.background_audit_export().start()
    loop = asyncio.get_running_loop()

    def stop(*_: object) -> None:
        loop.call_soon_threadsafe(app.state["stopping"].begin, container.settings().shutdown_seconds)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)  # granian's own handlers are the loop's, and stay
    yield
    close(container)
