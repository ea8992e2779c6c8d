"""A failure of the exports that lasts is logged once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from supertable.adapters.audit_journals.files import FileAuditJournals
from supertable.adapters.clocks.system import SystemClock
from supertable.application.audit.background_export import BackgroundAuditExport
from supertable.domain.audit import AuditEvent, AuditKind
from supertable.domain.errors import StoreUnavailable


def test_a_lasting_failure_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journals = FileAuditJournals(tmp_path)
    journals.append(AuditEvent(1, "default", AuditKind.QUERY, "query"))
    failures = ["first", "first", "first", "second", "", "second"]
    left = iter(failures)

    def export(organization: str) -> int:
        if failure := next(left):
            raise StoreUnavailable("put", "key", failure)
        return 0

    exports = BackgroundAuditExport(cast(Any, export), journals, SystemClock())
    for _ in failures:
        exports._export_due(0)
    assert [line.rpartition(": ")[2] for line in caplog.messages] == ["first", "second", "second"]
    journals.close()
