"""Clients that disconnect before their request is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException
from litestar.types import Receive

Result = TypeVar("Result")


async def disconnected(receive: Receive) -> None:
    """Return when the client has disconnected. The body must have been received."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def done_or_cancelled(receive: Receive, work: Callable[[], Result], cancel: Callable[[], None]) -> Result:
    """The result of blocking work, of which a thread takes care; `cancel` is called if the client disconnects first."""
    running = asyncio.ensure_future(sync_to_thread(work))
    gone = asyncio.ensure_future(disconnected(receive))
    try:
        await asyncio.wait({running, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            cancel()
        return await running
    finally:
        gone.cancel()


async def done_unless_left(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of work in the event loop, which is cancelled if the client disconnects first."""
    running = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(disconnected(receive))
    try:
        await asyncio.wait({running, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            running.cancel()
            await asyncio.wait({running})
            raise HTTPException("The client disconnected, so the work was cancelled.", status_code=400)
        return await running
    finally:
        gone.cancel()
        running.cancel()
