"""Time and identifiers that a test controls."""

from __future__ import annotations

import itertools
import threading

_START_US = 1_700_000_000_000_000


class ManualClock:
    """A clock that moves only by `sleep` and `advance`. Starts at `now_us`, microseconds since 1970 UTC."""

    def __init__(self, now_us: int = _START_US) -> None:
        self._lock = threading.Lock()
        self._start_us = now_us
        self._now_us = now_us

    def now_us(self) -> int:
        return self._now_us

    def monotonic_seconds(self) -> float:
        return (self._now_us - self._start_us) / 1_000_000

    def sleep(self, seconds: float) -> None:
        """Advances the clock by `seconds` and returns immediately."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """No-op when `seconds` is not positive."""
        with self._lock:
            self._now_us += max(0, round(seconds * 1_000_000))


class SequentialIdentifiers:
    """1, 2, 3 … as identifiers of 32 hex digits and as secrets; jitter is always one half."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def new(self) -> str:
        return f"{next(self._numbers):032x}"

    def jitter(self) -> float:
        return 0.5

    def secret(self) -> str:
        return f"{next(self._numbers):043d}"
