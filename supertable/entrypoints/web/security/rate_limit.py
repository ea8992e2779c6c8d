"""A limit on the requests of each caller."""

from __future__ import annotations

import time

from litestar.exceptions import TooManyRequestsException

_WINDOW_SECONDS = 60


class RateLimit:
    """Counts the requests of each caller to this process within the current minute. For use in one event loop."""

    def __init__(self, max_requests: int) -> None:
        """`max_requests`: for each caller and minute; 0: no limit."""
        self._max_requests = max_requests
        self._window = -1
        self._counts: dict[str, int] = {}

    def count(self, caller: str) -> None:
        """Count one request. Raises 429 if the caller has made more than the limit."""
        now = time.monotonic()
        if int(now) // _WINDOW_SECONDS != self._window:
            self._window = int(now) // _WINDOW_SECONDS
            self._counts.clear()
        count = self._counts[caller] = self._counts.get(caller, 0) + 1
        if self._max_requests and count > self._max_requests:
            wait = _WINDOW_SECONDS - int(now) % _WINDOW_SECONDS
            raise TooManyRequestsException(
                f"Rate limit exceeded: {self._max_requests:,} requests per minute. Nothing was changed; "
                f"try again in {wait} s.",
                headers={"Retry-After": str(wait)},
            )
