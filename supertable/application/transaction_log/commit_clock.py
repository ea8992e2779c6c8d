"""The times of commits: increasing within each log, and never far ahead of the store's clock.

A machine whose clock is ahead would otherwise expire every idempotency key of a table, and leave future times that all
later commits must follow.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress

from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.ports.object_stores import ObjectStore
from supertable.domain.errors import ClockWrong, StoreUnavailable

_LOG = logging.getLogger(__name__)
_TOLERATED_US = 60 * 1_000_000
"""Clocks that differ by less are not corrected, since an answer of the store takes time."""
_KEPT_SECONDS = 300.0


class CommitClock:
    """Thread-safe. `believed_seconds`: a commit that is at most so much later than the one before it in its log is
    believed without asking the store. `most_seconds`: clocks that are further ahead are refused; None: never, the
    store's time is used instead.
    """

    def __init__(
        self,
        clock: Clock,
        store: ObjectStore,
        identifiers: Identifiers,
        believed_seconds: float,
        most_seconds: float | None,
    ) -> None:
        self._clock = clock
        self._store = store
        self._identifiers = identifiers
        self._believed_us = round(believed_seconds * 1_000_000)
        self._most_seconds = most_seconds
        self._lock = threading.Lock()
        self._measured: tuple[float, int, int] | None = None
        self._has_warned = False

    def after(self, previous_us: int) -> int:
        """The time of a commit that follows one of `previous_us` (0: none), in microseconds since 1970 UTC.

        Raises `ClockWrong` and `StoreUnavailable`; nothing is then committed.
        """
        now = self._clock.now_us()
        if now - previous_us > self._believed_us:
            ahead = self.ahead_us()
            self._check(ahead)
            now -= ahead if ahead > _TOLERATED_US else 0
        return max(now, previous_us + 1)

    def trouble(self) -> str:
        """Why commits are refused now; empty if they are not. Raises `StoreUnavailable`."""
        try:
            if self._most_seconds is not None:
                self._check(self.ahead_us())
        except ClockWrong as error:
            return str(error)
        return ""

    def ahead_us(self) -> int:
        """By how much this machine's clock is ahead of the store's; negative: behind. Measured every five minutes, and
        when the clock was set. Raises `StoreUnavailable`."""
        with self._lock:
            monotonic, now = self._clock.monotonic_seconds(), self._clock.now_us()
            if self._measured is not None:
                then, then_us, ahead = self._measured
                drift = abs((now - then_us) - (monotonic - then) * 1_000_000)
                if monotonic - then < _KEPT_SECONDS and drift < _TOLERATED_US:
                    return ahead
            ahead = self._measure()
            self._measured = (monotonic, now, ahead)
            return ahead

    def _measure(self) -> int:
        key = f"clock-{self._identifiers.new()}"
        before = self._clock.now_us()
        self._store.put(key, b"")
        after = self._clock.now_us()
        stamps = [entry.modified_at_us for entry in self._store.list(key)]
        with suppress(StoreUnavailable):  # the empty object harms nothing, and a write must not fail for it
            self._store.delete([key])
        return (before + after) // 2 - stamps[0] if stamps else 0

    def _check(self, ahead_us: int) -> None:
        seconds = ahead_us / 1_000_000
        if self._most_seconds is not None and seconds > self._most_seconds:
            raise ClockWrong(seconds)
        is_wrong = abs(ahead_us) > _TOLERATED_US
        if is_wrong and not self._has_warned:
            _LOG.warning("this machine's clock differs from the store's by %.0f s; the earlier one is used", seconds)
        self._has_warned = is_wrong
