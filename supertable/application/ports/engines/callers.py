"""The callers whose own expressions an engine evaluates."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Caller:
    """Who wrote an expression. Any thread may cancel the searches by it, as when the client disconnects."""

    def __init__(self, user: str) -> None:
        self.user = user
        self._cancelled = False
        self._cancel: Callable[[], None] | None = None
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Cancel the search that runs and all later ones; what was found already is not affected."""
        with self._lock:
            self._cancelled = True
            if self._cancel is not None:
                self._cancel()

    @contextmanager
    def may_cancel(self, cancel: Callable[[], None]) -> Iterator[None]:
        """Within the block, `cancel` cancels the search; it is called at once if the caller cancelled already."""
        with self._lock:
            self._cancel = cancel
            if self._cancelled:
                cancel()
        try:
            yield
        finally:
            with self._lock:
                self._cancel = None
