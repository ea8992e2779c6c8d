"""Running a call in a thread while its client waits: progress, cancellation, and the end of the caller's access."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from supertable.domain.errors import AccessDenied, NotSignedIn, SupertableError, TableNotFound
from supertable.entrypoints.mcp.tools.cancellation import Cancellation

Result = TypeVar("Result")
Report = Callable[[float, str], Awaitable[None]]
"""Tells the client how many seconds a call has taken, and what it does. No-op unless the client asks for it."""
_TICK_SECONDS = 1.0


class Execution:
    """`threads`: so many calls run at once; others wait for a thread, first come, first served."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, "mcp")
        self._checks = ThreadPoolExecutor(2, "mcp-checks")

    def close(self) -> None:
        """Let running calls end. Calls that have not started never do."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._checks.shutdown(wait=False, cancel_futures=True)

    async def run(self, work: Callable[[], Result], cancellation: Cancellation, report: Report) -> Result:
        """The result of blocking work, or its error. If the caller is cancelled, so is the query of the work.

        Raises `NotSignedIn` or `AccessDenied` within seconds after the caller may no longer read what the work reads.
        """
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._threads, contextvars.copy_context().run, work)
        began = time.monotonic()
        try:
            while not (await asyncio.wait({running}, timeout=_TICK_SECONDS))[0]:
                await report(time.monotonic() - began, "running")
                await self._recheck(cancellation)
            return running.result()
        except BaseException:
            cancellation.cancel()
            running.add_done_callback(_retrieved)
            running.cancel()
            raise

    async def _recheck(self, cancellation: Cancellation) -> None:
        check = contextvars.copy_context().run
        try:
            await asyncio.get_running_loop().run_in_executor(self._checks, check, cancellation.recheck)
        except (NotSignedIn, AccessDenied, TableNotFound):
            raise
        except SupertableError:
            pass  # an outage is no revocation: it is decided at the next check


def _retrieved(done: asyncio.Future[Result]) -> None:
    """The outcome of work that nobody waits for."""
    if not done.cancelled():
        done.exception()
