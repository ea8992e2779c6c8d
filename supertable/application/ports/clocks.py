"""Time and randomness, which the domain may not use itself."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def now_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""

    def monotonic_seconds(self) -> float:
        """Seconds on a clock that never goes back. Meaningful only as differences."""

    def sleep(self, seconds: float) -> None: ...


class Identifiers(Protocol):
    def new(self) -> str:
        """A unique id of 32 lower-case hex digits. Later ids sort after earlier ones (UUIDv7)."""

    def jitter(self) -> float:
        """A random number in [0, 1)."""

    def secret(self) -> str:
        """32 random bytes, unguessable, as 43 URL-safe characters."""
