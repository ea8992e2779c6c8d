"""How a service stops: it refuses new requests, lets running ones finish, and cancels them at a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Shutdown:
    """The state of a service's shutdown, for one event loop. Long handlers register to be cancelled at the deadline."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()
        self._cancellable: set[asyncio.Future[Any]] = set()

    @property
    def begun(self) -> bool:
        return self._begun.is_set()

    async def wait(self) -> None:
        """Return when the shutdown begins."""
        await self._begun.wait()

    def begin(self, grace_seconds: float) -> None:
        """Begin the shutdown; registered work is cancelled after `grace_seconds`. A second call has no effect."""
        if not self.begun:
            self._begun.set()
            asyncio.get_running_loop().call_later(grace_seconds, self._cancel_work)

    @contextmanager
    def cancel_at_deadline(self, work: asyncio.Future[Any]) -> Iterator[None]:
        """Cancel `work` if the deadline passes within the block."""
        self._cancellable.add(work)
        try:
            yield
        finally:
            self._cancellable.discard(work)

    def _cancel_work(self) -> None:
        for work in list(self._cancellable):
            work.cancel()
