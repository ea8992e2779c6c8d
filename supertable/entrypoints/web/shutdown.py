"""How the service stops: new requests are refused, running ones finish, and what goes on for too long is broken off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Shutdown:
    """Known to all handlers, in one event loop. Those that may go on for long let themselves be broken off."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._breakable: set[asyncio.Future[Any]] = set()

    @property
    def begun(self) -> bool:
        return self._begun.is_set()

    async def wait(self) -> None:
        """Until the service begins to stop."""
        await self._begun.wait()

    def begin(self, patience_seconds: float) -> None:
        """No-op the second time."""
        if not self.begun:
            self._begun.set()
            asyncio.get_running_loop().call_later(patience_seconds, self._break_off)

    @contextmanager
    def breakable(self, work: asyncio.Future[Any]) -> Iterator[None]:
        """Within the block `work` is cancelled when the service has no patience left."""
        self._breakable.add(work)
        try:
            yield
        finally:
            self._breakable.discard(work)

    def _break_off(self) -> None:
        for work in list(self._breakable):
            work.cancel()
