"""Advisory locks: they save wasted work, and never are what keeps data correct."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Locks(Protocol):
    def hold(self, name: str, wait_seconds: float) -> AbstractContextManager[bool]:
        """Wait up to `wait_seconds` for the lock `name` and hold it during the block.

        The value is whether the lock is held; the block runs either way, since commits are safe without it.
        Not re-entrant. A lock of a process that died is free within 2 seconds.
        """
