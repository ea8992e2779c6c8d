"""What is being read at this moment, as a vacuum has to know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supertable.application.ports.clocks import Clock
from supertable.application.ports.leases import Leases, Span

_PAUSE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class ActiveReaders:
    """`spans`: the versions that are read, by log. `since_us`: when the first of those at work began, or now.

    `settled`: everyone has said what is read. If not, somebody may read anything.
    """

    spans: Mapping[str, tuple[Span, ...]]
    since_us: int
    settled: bool


def active_readers(leases: Leases, clock: Clock, wait_seconds: float) -> ActiveReaders:
    """Everyone who holds a lease now; those who have not yet said what they read are waited for, that long."""
    deadline = clock.monotonic_seconds() + wait_seconds
    now_us = clock.now_us()
    live = leases.live()
    waiting = {lease.id for lease in live if lease.spans is None}
    while (silent := {lease.id for lease in live if lease.spans is None} & waiting) and (
        clock.monotonic_seconds() < deadline
    ):
        clock.sleep(_PAUSE_SECONDS)
        live = leases.live()
    spans: dict[str, tuple[Span, ...]] = {}
    for lease in live:
        for log, parts in (lease.spans or {}).items():
            spans[log] = (*spans.get(log, ()), *parts)
    return ActiveReaders(spans, min((lease.began_at_us for lease in live), default=now_us), not silent)
