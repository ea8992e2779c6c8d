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
        now = self._in_window()
        count = self._counts[caller] = self._counts.get(caller, 0) + 1
        self._require(count <= self._max_requests, now)

    def require_room(self, caller: str) -> None:
        """Count nothing. Raises 429 if the limit leaves the caller no request."""
        now = self._in_window()
        self._require(self._counts.get(caller, 0) < self._max_requests, now)

    def _in_window(self) -> float:
        now = time.monotonic()
        if int(now) // _WINDOW_SECONDS != self._window:
            self._window = int(now) // _WINDOW_SECONDS
            self._counts.clear()
        return now

    def _require(self, within: bool, now: float) -> None:
        if self._max_requests and not within:
            wait = _WINDOW_SECONDS - int(now) % _WINDOW_SECONDS
            raise TooManyRequestsException(
                f"Rate limit exceeded: {self._max_requests:,} requests per minute. Nothing was changed; "
                f"try again in {wait} s.",
                headers={"Retry-After": str(wait)},
            )
