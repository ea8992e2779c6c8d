"""Locks between the threads of one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class InMemoryLocks:
    """One `threading.Lock` for each name; they are never removed."""

    def __init__(self) -> None:
        self._locks: dict[str, threading.Lock] = {}

    @contextmanager
    def hold(self, name: str, wait_seconds: float) -> Iterator[bool]:
        lock = self._locks.setdefault(name, threading.Lock())
        held = lock.acquire(timeout=min(max(wait_seconds, 0.0), threading.TIMEOUT_MAX))
        try:
            yield held
        finally:
            if held:
                lock.release()
