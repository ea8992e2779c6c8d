"""Calls at a later moment. One thread waits for all of them: a thread for each limited query would cost more than many
queries do.

A call that is due runs in a thread of its own, so that none waits for another.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

Call = Callable[[], object]
Cancel = Callable[[], None]
_FEWEST_DROPPED = 64


class _Entry:
    __slots__ = ("call",)

    def __init__(self, call: Call) -> None:
        self.call: Call | None = call


class Deadlines:
    """Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, _Entry]] = []
        """A heap by the moment. Cancelled calls stay in it for a while, so that the thread is woken seldom."""
        self._cancelled = 0
        self._numbers = count()
        self._thread: threading.Thread | None = None

    def call_later(self, seconds: float, call: Call) -> Cancel:
        """Returns a function that cancels the call, unless it has begun."""
        entry = _Entry(call)
        with self._changed:
            if self._thread is None:
                thread = threading.Thread(target=self._run, daemon=True, name="deadlines")
                thread.start()  # may raise where the system has no thread to spare: then the next call tries again
                self._thread = thread
            at = time.monotonic() + min(max(seconds, 0), threading.TIMEOUT_MAX)
            if not self._waiting or at < self._waiting[0][0]:
                self._changed.notify()
            heappush(self._waiting, (at, next(self._numbers), entry))
        return lambda: self._cancel(entry)

    def _cancel(self, entry: _Entry) -> None:
        with self._changed:
            if entry.call is None:
                return
            entry.call = None
            self._cancelled += 1
            if self._cancelled > max(_FEWEST_DROPPED, len(self._waiting) // 2):
                self._waiting = [each for each in self._waiting if each[2].call is not None]
                heapify(self._waiting)
                self._cancelled = 0

    def _run(self) -> None:
        with self._changed:
            while True:
                while self._waiting and self._waiting[0][0] <= time.monotonic():
                    self._begin(heappop(self._waiting)[2])
                self._changed.wait(self._waiting[0][0] - time.monotonic() if self._waiting else None)

    def _begin(self, entry: _Entry) -> None:
        call, entry.call = entry.call, None
        if call is None:
            self._cancelled -= 1
            return
        try:
            threading.Thread(target=call, daemon=True, name="deadline").start()
        except RuntimeError:  # the system has no thread to spare: others wait for this call
            call()


_deadlines = Deadlines()


def call_later(seconds: float, call: Call) -> Cancel:
    """Calls it in another thread, in so many seconds. Returns a function that cancels the call, unless it has begun."""
    return _deadlines.call_later(seconds, call)


def _begin_anew() -> None:
    """In the child of a fork, no thread of its parent is alive."""
    global _deadlines
    _deadlines = Deadlines()


os.register_at_fork(after_in_child=_begin_anew)
