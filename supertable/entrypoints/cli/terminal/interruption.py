"""Ctrl-C while a native library computes, when Python's own handler would wait for the library to return."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Remembers that Ctrl-C was pressed: an interrupted library may raise its own error instead."""

    def __init__(self) -> None:
        self.requested = False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        signal.default_int_handler(number, frame)


@contextmanager
def cancelled_on_interrupt(cancel: Callable[[], None]) -> Iterator[None]:
    """During the block, Ctrl-C calls `cancel` at once from another thread, even while this one runs native code.

    Outside the main thread this does nothing, since only the main thread receives signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    before = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(read_end, cancel), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(write_end)
        watcher.join()
        os.close(read_end)


def _watch(read_end: int, cancel: Callable[[], None]) -> None:
    while number := os.read(read_end, 1):
        if number[0] == signal.SIGINT:
            cancel()
