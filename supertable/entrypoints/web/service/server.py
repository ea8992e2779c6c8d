"""Serving under granian: worker processes that share nothing but the catalog and the object store.

The server process imports no part of the web framework; only its workers do.
"""

from __future__ import annotations

import logging
import multiprocessing
import resource
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings

from supertable.application.storage.unused_packages import leave_pandas_out
from supertable.config.settings.settings import Settings
from supertable.entrypoints.web.observability.json_logs import GRANIAN_LOGGING, configure_logs
from supertable.entrypoints.web.service.addresses import reserved_address
from supertable.entrypoints.web.service.supervision import SupervisedServer
from supertable.entrypoints.web.service.worker_links import WorkerLink

if TYPE_CHECKING:
    from litestar import Litestar

_LOG = logging.getLogger(__name__)
_KILL_DELAY_SECONDS = 5
"""From the end of the shutdown to the kill of a worker that still runs."""


def serve(host: str, port: int, workers: int, settings: Settings, load: Callable[[Settings], Litestar]) -> None:
    """Serve until SIGTERM or SIGINT. Raises `AddressInUse`, and `InvalidInput` for an address of another machine.

    `load` builds the application of one worker process; it must be picklable.
    """
    multiprocessing.set_start_method("spawn", force=True)  # threads of this process would not survive a fork
    configure_logs(settings.log_level)
    server = SupervisedServer(
        "supertable",
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,  # every HTTP/1.1 client detects a response that was cut off
        http1_settings=HTTP1Settings(header_read_timeout=1000 * settings.idle_seconds),
        backlog=1024,
        backpressure=_most_connections(settings),
        workers_kill_timeout=_kill_seconds(settings),
        log_dictconfig=GRANIAN_LOGGING,
    )
    with reserved_address(host, port):
        server.serve(target_loader=partial(_load_worker, settings, load), wrap_loader=False)


def _load_worker(settings: Settings, load: Callable[[Settings], Litestar], pipe: Connection) -> Litestar:
    from supertable.entrypoints.web.observability.metrics import TOTALS, own_counts

    leave_pandas_out()
    configure_logs(settings.log_level)
    link = WorkerLink(pipe, _kill_seconds(settings), own_counts)
    app = load(settings)
    app.state[TOTALS] = link.totals
    app.on_startup.append(link.started)
    return app


def _most_connections(settings: Settings) -> int:
    """Connections of each worker. Idle clients leave it half of its descriptors for its work."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # workers inherit it
    most = settings.max_connections if hard == resource.RLIM_INFINITY else min(settings.max_connections, hard // 2)
    if most < settings.max_connections:
        _LOG.warning("each worker accepts only %d connections: the limit of open files is %d", most, hard)
    return most


def _kill_seconds(settings: Settings) -> int:
    return settings.shutdown_seconds + _KILL_DELAY_SECONDS
