"""Leases: what is being read at this moment, so that no vacuum takes it away."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

Span = tuple[int, int]
"""Versions from the first to the last, both included."""


@dataclass(frozen=True, slots=True)
class LiveLease:
    """A lease that somebody holds. `spans`: what is read, by log; None: it may still be anything."""

    id: str
    began_at_us: int
    spans: Mapping[str, tuple[Span, ...]] | None


class Lease(Protocol):
    """Holds until it is closed, it is garbage, or its process dies."""

    def covers(self, spans: Mapping[str, Collection[Span]]) -> None:
        """Say, once, what is read: versions by log. Until then the lease stands for everything."""

    def close(self) -> None:
        """No-op the second time."""

    def __enter__(self) -> Lease: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Leases(Protocol):
    """Safe for any number of threads and processes. Taking a lease never fails: without one a vacuum may come first.

    The order that makes them safe: a reader takes its lease and then reads which versions there are; a vacuum gives up
    versions by a commit and then looks who holds a lease. So one of the two always sees the other.
    """

    def begin(self) -> Lease: ...

    def live(self) -> list[LiveLease]:
        """Every lease that began before the call and is held, in no order. Raises `StoreUnavailable`."""

    def close(self) -> None:
        """Nothing is read any more. The next `begin` opens what it needs again."""
