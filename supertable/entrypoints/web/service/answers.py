"""Answers from threads, awaited in the event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


class Answers:
    """Wakes the event loop once for all answers that come together, where `asyncio.wrap_future` wakes it for each.

    For use in one event loop.
    """

    def __init__(self) -> None:
        self._arrived: deque[tuple[Future[Any], asyncio.Future[Any]]] = deque()
        self._waking = False

    async def of(self, answer: Future[Result]) -> Result:
        """The result, or its error. If the caller is cancelled, so is `answer`."""
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Result] = loop.create_future()

        def arrived(answer: Future[Result]) -> None:
            self._arrived.append((answer, waiting))
            if not self._waking:  # reset before the queue is emptied, so that no answer stays in it
                self._waking = True
                with suppress(RuntimeError):  # the loop is closed, so nobody waits
                    loop.call_soon_threadsafe(self._pass_on)

        answer.add_done_callback(arrived)
        try:
            return await waiting
        except asyncio.CancelledError:
            answer.cancel()
            raise

    def _pass_on(self) -> None:
        self._waking = False
        while self._arrived:
            answer, waiting = self._arrived.popleft()
            if waiting.done():
                continue
            if answer.cancelled():
                waiting.cancel()
            elif error := answer.exception():
                waiting.set_exception(error)
            else:
                waiting.set_result(answer.result())
