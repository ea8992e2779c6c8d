"""The machine's clock and random numbers."""

from __future__ import annotations

import os
import random
import secrets
import threading
import time

_VERSION = 7 << 76
_VARIANT = 2 << 62
_RANDOM_BITS = (1 << 62) - 1


class SystemClock:
    def now_us(self) -> int:
        return time.time_ns() // 1000

    def monotonic_seconds(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """No-op when `seconds` is not positive."""
        if seconds > 0:
            time.sleep(seconds)


class UuidIdentifiers:
    """UUIDv7 (RFC 9562, 5.7 and 6.2 method 3): 48 bits of milliseconds, 12 of their fraction, 62 random.

    Strictly increasing within one instance, even if the clock is set back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last_stamp = 0

    def new(self) -> str:
        stamp = self._stamp()
        noise = int.from_bytes(os.urandom(8), "big") & _RANDOM_BITS
        value = (stamp >> 12) << 80 | _VERSION | (stamp & 0xFFF) << 64 | _VARIANT | noise
        return f"{value:032x}"

    def jitter(self) -> float:
        return random.random()

    def secret(self) -> str:
        return secrets.token_urlsafe(32)

    def _stamp(self) -> int:
        """The time in units of 1/4096 ms, always later than the previous one."""
        milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
        now = milliseconds << 12 | nanoseconds * 4096 // 1_000_000
        with self._lock:
            self._last_stamp = max(now, self._last_stamp + 1)
            return self._last_stamp
