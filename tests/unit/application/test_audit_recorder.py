"""Events of one action are recorded together, and kept together while the journal cannot be written."""

from __future__ import annotations

from typing import cast

import pytest

from supertable.adapters.clocks.manual import ManualClock
from supertable.application.audit_recorder import AuditRecorder, Exporter
from supertable.application.ports.audit_journals import AuditJournals
from supertable.domain.audit import AuditEvent, AuditKind
from supertable.domain.errors import AuditUnavailable


class Journals:
    """Remembers what was appended by each call. Raises while it is `broken`."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.broken = False

    def append(self, *events: AuditEvent) -> None:
        if self.broken:
            raise AuditUnavailable("the disk is full")
        self.calls.append([event.what for event in events])

    def shortage(self) -> str:
        return ""

    def own_bytes(self, organization: str) -> int:
        return 0


def event(what: str) -> AuditEvent:
    return AuditEvent(1, "acme", AuditKind.WRITE, what)


def test_events_are_appended_at_once_and_after_a_failure_in_their_order() -> None:
    journals = Journals()
    recorder = AuditRecorder(cast(AuditJournals, journals), ManualClock(), lambda: cast(Exporter, None))
    recorder.record(event("a"), event("b"))
    assert journals.calls == [["a", "b"]]

    journals.broken = True
    recorder.record(event("c"), event("d"))
    with pytest.raises(AuditUnavailable):
        recorder.ensure_ready("acme")
    journals.broken = False
    recorder.ensure_ready("acme")
    assert journals.calls == [["a", "b"], ["c"], ["d"]]
