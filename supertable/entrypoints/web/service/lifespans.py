"""What starts and stops with a service: its jobs, and the process of a worker."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar
from litestar.concurrency import sync_to_thread

from supertable.config.closing import close
from supertable.config.container import Container
from supertable.entrypoints.web.observability import metrics
from supertable.entrypoints.web.service.shutdown import Shutdown

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def jobs_lifespan(app: Litestar) -> AsyncIterator[None]:
    """Delete expired jobs for as long as the application runs. Running jobs stop as soon as the shutdown begins."""
    container: Container = app.state["container"]
    shutdown: Shutdown = app.state["shutdown"]

    async def stop_jobs() -> None:
        await shutdown.wait()
        container.background_maintenance().stop()
        await sync_to_thread(container.job_runner().close)

    container.sweeping().start()
    stopping = asyncio.create_task(stop_jobs())
    yield
    container.sweeping().close()
    shutdown.begin(0)
    await stopping


@asynccontextmanager
async def worker_lifespan(app: Litestar) -> AsyncIterator[None]:
    """Run the background work of a worker process, begin the shutdown on SIGTERM or SIGINT, and close the container."""
    container: Container = app.state["container"]
    container.audit_journals().prepare_service(container.settings().disk_reserve_bytes)
    container.engine().parse("SELECT 1")  # DuckDB ends the process if it lacks descriptors when it starts
    container.executor_pool().fill()
    container.background_audit_export().start()
    container.background_maintenance().start(container.settings().maintenance_seconds)
    metrics.observe(container)
    loop = asyncio.get_running_loop()

    def stop(*_: object) -> None:
        loop.call_soon_threadsafe(app.state["shutdown"].begin, container.settings().shutdown_seconds)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)  # granian's own handlers are registered with the event loop, and stay
    yield
    container.background_maintenance().close()
    close(container)
