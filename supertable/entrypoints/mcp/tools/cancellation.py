"""Stopping the query of a call from another thread."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from supertable.domain.errors import QueryCancelled

if TYPE_CHECKING:
    from supertable.application.ports.engines.running_queries import RunningQuery


class Cancellation:
    """Of one call. `recheck` raises once the caller may no longer read what the call reads. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: RunningQuery | None = None
        self._recheck: Callable[[], None] | None = None
        self._cancelled = False

    def attach(self, running: RunningQuery, recheck: Callable[[], None] | None = None) -> None:
        """From now on, cancelling stops this query. Raises `QueryCancelled` if the call was cancelled before."""
        with self._lock:
            self._running, self._recheck = running, recheck
            if self._cancelled:
                raise QueryCancelled

    def require_wanted(self) -> None:
        """Raises `QueryCancelled` if the call was cancelled: nobody waits for the rest of its work."""
        if self._cancelled:
            raise QueryCancelled

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            if self._running is not None:
                self._running.cancel()

    def recheck(self) -> None:
        if self._recheck is not None:
            self._recheck()
