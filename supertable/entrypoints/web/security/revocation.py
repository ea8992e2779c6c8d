"""Work that lasts, like a stream, ends within seconds once its caller may no longer do it."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from supertable.domain.errors import AccessDenied, NotSignedIn, SupertableError, TableNotFound

_INTERVAL_SECONDS = 1.0
_EXECUTOR = ThreadPoolExecutor(4, "revocation")
"""Its own threads, so that checks do not wait for the work that they may end."""

Check = Callable[[], object]
"""Raises `NotSignedIn`, `AccessDenied` or `TableNotFound` once the caller may no longer do the work. May block."""


async def revocation(check: Check) -> SupertableError:
    """Return the error of `check` once it raises one, within about a second. An outage is no revocation."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_INTERVAL_SECONDS)
        try:
            await loop.run_in_executor(_EXECUTOR, contextvars.copy_context().run, check)
        except (NotSignedIn, AccessDenied, TableNotFound) as error:
            return error
        except SupertableError:
            continue  # it is decided at the next check


@asynccontextmanager
async def ended_by_revocation(check: Check) -> AsyncIterator[None]:
    """Cancel the block once `check` fails, and raise its error."""
    task = asyncio.current_task()
    assert task is not None
    revoked = asyncio.ensure_future(revocation(check))
    ended = False

    def cancel_block(done: asyncio.Future[SupertableError]) -> None:
        if not ended and not done.cancelled():
            task.cancel()

    revoked.add_done_callback(cancel_block)
    try:
        yield
    except asyncio.CancelledError:
        if not revoked.done() or revoked.cancelled():
            raise
        task.uncancel()
        raise revoked.result() from None
    finally:
        ended = True
        revoked.cancel()
