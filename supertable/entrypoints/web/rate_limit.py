"""How much one caller may ask for."""

from __future__ import annotations

import time

from litestar.exceptions import TooManyRequestsException

_WINDOW_SECONDS = 60


class RateLimit:
    """Counts within the current minute what each caller asks of this process. For use in one event loop."""

    def __init__(self, most: int) -> None:
        """`most`: 0: any number."""
        self._most = most
        self._window = -1
        self._counts: dict[str, int] = {}

    def take(self, who: str) -> None:
        """Raises 429 where `who` asked for too much."""
        now = time.monotonic()
        if int(now) // _WINDOW_SECONDS != self._window:
            self._window = int(now) // _WINDOW_SECONDS
            self._counts.clear()
        count = self._counts[who] = self._counts.get(who, 0) + 1
        if self._most and count > self._most:
            wait = _WINDOW_SECONDS - int(now) % _WINDOW_SECONDS
            raise TooManyRequestsException(
                f"More than {self._most:,} requests within a minute. Nothing was done; try again in {wait} s.",
                headers={"Retry-After": str(wait)},
            )
