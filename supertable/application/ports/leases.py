"""Leases on the versions being read, so that no vacuum removes their files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

Span = tuple[int, int]
"""The first and last version of a range, both inclusive."""


@dataclass(frozen=True, slots=True)
class LiveLease:
    """A lease that is held. `spans`: the versions read, by log; None: not yet known, so any version may be in use.

    `began_at_us`: microseconds since 1970 UTC.
    """

    id: str
    began_at_us: int
    spans: Mapping[str, tuple[Span, ...]] | None


class Lease(Protocol):
    """Held until it is closed or garbage-collected, or its process dies."""

    def restrict_to(self, spans: Mapping[str, Collection[Span]]) -> None:
        """Declare, once, which versions are read, by log. Until then the lease covers all versions of all logs."""

    def close(self) -> None:
        """No-op the second time."""

    def __enter__(self) -> Lease: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Leases(Protocol):
    """Safe for any number of threads and processes.

    The order of steps makes leases safe: a reader takes its lease and then reads which versions exist; a vacuum commits
    that versions expire and then reads which leases are held. So at least one of the two sees the other.
    """

    def begin(self) -> Lease:
        """Take a lease on everything. Never fails: if it cannot be recorded, a vacuum may remove files in use."""

    def live(self) -> list[LiveLease]:
        """Every lease that began before the call and is still held, in no order. Raises `StoreUnavailable`."""

    def close(self) -> None:
        """Release resources, once nothing is read any more. The next `begin` opens them again."""
