"""Work that can be stopped from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from supertable.application.ports.engines.running_queries import Stopped


class Task:
    """`stopped`: whether it should end. `interrupt`, which any thread may call, ends what runs now."""

    def __init__(self, stopped: Stopped) -> None:
        self.stopped = stopped
        self._interrupts: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @contextmanager
    def interruptible(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Within the block, `interrupt` ends what runs."""
        with self._lock:
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)

    def interrupt(self) -> None:
        with self._lock:
            for interrupt in self._interrupts:
                interrupt()
