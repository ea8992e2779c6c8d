"""Local journals that hold events of the audit log until they are exported to object storage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from supertable.domain.audit import AuditEvent


@dataclass(frozen=True, slots=True)
class Segment:
    """Events that are exported together, as recorded. `name` is unique, and stable until the export succeeds."""

    name: str
    events: tuple[AuditEvent, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Events that wait for this process to export them, including those left by ended processes.

    `since_us`: when the oldest file of events was begun, microseconds since 1970 UTC; None: nothing waits.
    """

    bytes: int
    since_us: int | None


class AuditJournals(Protocol):
    """One journal per organization. Safe for any number of threads and processes."""

    def append(self, *events: AuditEvent) -> None:
        """Once this returns, the events, which are of one organization, outlive the process.

        Raises `AuditUnavailable`; none of them is then recorded.
        """

    def prepare_service(self, reserve_bytes: int) -> None:
        """Record every event from now on, also where the disk is read-only for this process.

        Keep so many bytes of the disk in reserve. When the disk is full, `append` uses them.
        """

    def use_reserve(self) -> None:
        """Release the reserve if the disk is almost full, before an action that frees space.

        Raises `AuditUnavailable` if the disk is read-only, so that no space can be freed.
        """

    def shortage(self) -> str:
        """Why only actions that free space may run: the reserve is in use. Empty otherwise. Cheap."""

    def check(self) -> None:
        """Try the disk of the journals. Raises `AuditUnavailable` if it cannot be written."""

    def own_bytes(self, organization: str) -> int:
        """Bytes of this process's own events that wait for export. Does no I/O."""

    def waiting(self, organization: str) -> Waiting:
        """Raises `AuditUnavailable`."""

    def drain(self, organization: str, take: Callable[[Segment], None]) -> None:
        """Pass every waiting segment to `take`, oldest first, including those of processes that have ended.

        A segment is removed once `take` returns. If `take` raises, the error propagates, and this segment and the rest
        stay for the next call. No segment is given to two callers at once: if another process exports one, this waits
        for it, at most some seconds, so that events keep their order. Raises `AuditUnavailable`.
        """

    def close(self) -> None:
        """Leave events that are not exported to the next process. The next `append` opens a journal again."""

    def organizations(self) -> list[str]:
        """Organizations that have a journal, of this process or another, sorted. Raises `AuditUnavailable`."""
