"""Leases between the threads of one process."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Mapping
from types import TracebackType

from supertable.application.ports.leases import Lease, LiveLease, Span


class InMemoryLeases:
    """`now_us` returns the time at which a lease begins, microseconds since 1970 UTC; default: the system's clock."""

    def __init__(self, now_us: Callable[[], int] | None = None) -> None:
        self._now_us = now_us or (lambda: time.time_ns() // 1000)
        self._numbers = itertools.count(1)
        self._live: dict[str, LiveLease] = {}

    def begin(self) -> Lease:
        lease = LiveLease(str(next(self._numbers)), self._now_us(), None)
        self._live[lease.id] = lease
        return InMemoryLease(self._live, lease)

    def live(self) -> list[LiveLease]:
        return list(self._live.values())

    def close(self) -> None:
        """No-op: nothing is open."""


class InMemoryLease:
    def __init__(self, live: dict[str, LiveLease], lease: LiveLease) -> None:
        self._live = live
        self._lease = lease

    def restrict_to(self, spans: Mapping[str, Collection[Span]]) -> None:
        if self._lease.id in self._live:
            copied = {log: tuple(parts) for log, parts in spans.items()}
            self._live[self._lease.id] = LiveLease(self._lease.id, self._lease.began_at_us, copied)

    def close(self) -> None:
        self._live.pop(self._lease.id, None)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
