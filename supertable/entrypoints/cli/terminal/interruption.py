"""Ctrl-C while a library computes: Python's own handler would wait until the library comes back."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Remembers Ctrl-C: a library that was interrupted may raise an error of its own instead."""

    def __init__(self) -> None:
        self.came = False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        signal.default_int_handler(number, frame)


@contextmanager
def cancelled_on_interrupt(cancel: Callable[[], None]) -> Iterator[None]:
    """During the block, a signal calls `cancel` at once, from another thread, even while this one is busy."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    awaited, woken = os.pipe()
    os.set_blocking(woken, False)
    before = signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(awaited, cancel), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(woken)
        watcher.join()
        os.close(awaited)


def _watch(awaited: int, cancel: Callable[[], None]) -> None:
    while number := os.read(awaited, 1):
        if number[0] == signal.SIGINT:
            cancel()
