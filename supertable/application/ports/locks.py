"""Advisory locks: they save wasted work. Correctness never depends on them."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Locks(Protocol):
    def hold(self, name: str, wait_seconds: float) -> AbstractContextManager[bool]:
        """Wait up to `wait_seconds` for the lock `name` and hold it during the block.

        The block's value is whether the lock is held. The block runs either way, since commits are safe without it.
        Not re-entrant. The lock of a process that died is released within 2 seconds.
        """
