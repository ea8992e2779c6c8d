"""Clients that disconnect before their request is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from litestar.concurrency import sync_to_thread
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
