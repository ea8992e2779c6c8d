"""Time and randomness, which the domain does not have."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""

    def monotonic_seconds(self) -> float:
        """Seconds on a clock that never goes back, for durations only."""

    def sleep(self, seconds: float) -> None: ...


class Identifiers(Protocol):
    def new(self) -> str:
        """A unique id of 32 lower-case hex digits; ids made later sort after earlier ones (UUIDv7)."""

    def jitter(self) -> float:
        """A random number in [0, 1)."""

    def secret(self) -> str:
        """43 url-safe characters of 32 random bytes, which nobody can guess."""
