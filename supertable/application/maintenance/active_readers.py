"""The versions that are being read now. A vacuum must keep their files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supertable.application.ports.clocks import Clock
from supertable.application.ports.leases import Leases, Span

_PAUSE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class ActiveReaders:
    """`spans`: the versions that are read, by log. `since_us`: when the oldest active lease began; without leases, now.

    `complete`: every lease has reported what it reads. Otherwise assume that any version is in use.
    """

    spans: Mapping[str, tuple[Span, ...]]
    since_us: int
    complete: bool


def active_readers(leases: Leases, clock: Clock, wait_seconds: float) -> ActiveReaders:
    """The readers that hold a lease now. Waits up to `wait_seconds` for leases to report what they read."""
    deadline = clock.monotonic_seconds() + wait_seconds
    now_us = clock.now_us()
    live = leases.live()
    waiting = {lease.id for lease in live if lease.spans is None}
    while (unreported := {lease.id for lease in live if lease.spans is None} & waiting) and (
        clock.monotonic_seconds() < deadline
    ):
        clock.sleep(_PAUSE_SECONDS)
        live = leases.live()
    spans: dict[str, tuple[Span, ...]] = {}
    for lease in live:
        for log, parts in (lease.spans or {}).items():
            spans[log] = (*spans.get(log, ()), *parts)
    return ActiveReaders(spans, min((lease.began_at_us for lease in live), default=now_us), not unreported)
