"""The newest events are found without reading all files of the log."""

from __future__ import annotations

from pathlib import Path

import pytest

import supertable
from supertable.application.audit.search import AuditSearch
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.access.sessions import owner
from supertable.domain.audit import AuditKind


@pytest.mark.parametrize("limit", [1, 5, 600, 5_000])
def test_the_newest_matching_events(home: Path, limit: int) -> None:
    """Of 3,000 events, every 500th is a grant: most searches must look beyond the first part of the log."""
    session = owner("default")
    with supertable.connect(home) as lake:
        audit = lake._container.audit()
        for number in range(3_000):
            audit.record_action(session, AuditKind.GRANT if number % 500 == 0 else AuditKind.SETTING, str(number))
            if number % 100 == 99:
                lake._container.export_audit()("default")

        def found(search: AuditSearch) -> list[str]:
            events = lake._container.search_audit()(session, search, limit, Limits())
            return [event.what for event in events if event.kind != "query"]

        every = [str(number) for number in reversed(range(3_000))]
        assert found(AuditSearch(before=3_001)) == every[:limit]
        assert found(AuditSearch(before=1_501)) == every[1_500 : 1_500 + limit]
        grants = [str(number) for number in (2500, 2000, 1500, 1000, 500, 0)]
        assert found(AuditSearch(kind=AuditKind.GRANT)) == grants[:limit]
        assert found(AuditSearch(kind=AuditKind.GRANT, before=2_000)) == grants[2:][:limit]
