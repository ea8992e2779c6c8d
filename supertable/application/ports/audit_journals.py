"""Where events of the audit log wait until they are exported to object storage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from supertable.domain.audit import AuditEvent


@dataclass(frozen=True, slots=True)
class Segment:
    """Events that are exported together, in their order. `name` is unique, and stays the same until it is done."""

    name: str
    events: tuple[AuditEvent, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has not been exported yet, of all processes. `since_us`: when the oldest of it came; None: there is none."""

    bytes: int
    since_us: int | None


class AuditJournals(Protocol):
    """A journal for each organization. Safe for any number of threads and processes."""

    def append(self, event: AuditEvent) -> None:
        """When this returns, the event outlives the process. Raises `AuditUnavailable`, and it is not there."""

    def own_bytes(self, organization: str) -> int:
        """How much of this process's waits. Costs nothing."""

    def waiting(self, organization: str) -> Waiting: ...

    def drain(self, organization: str, take: Callable[[Segment], None]) -> None:
        """Hand over all that waits, that of processes that ended too, the oldest first.

        A segment is removed when `take` returns; where it raises, that one and the rest come again another time. Nobody
        else is given a segment meanwhile. Raises `AuditUnavailable`.
        """

    def close(self) -> None:
        """Leave what is not exported to whoever comes next. The next `append` opens a journal again."""

    def organizations(self) -> list[str]:
        """Those for which something waits, in this process or elsewhere."""
