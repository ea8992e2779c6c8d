"""Exporting the audit log in time: by a thread of a service, or at the end of an embedded lake."""

from __future__ import annotations

import logging
import threading

from supertable.application.audit.export import ExportAudit
from supertable.application.ports.audit_journals import AuditJournals
from supertable.application.ports.clocks import Clock
from supertable.domain.errors import SupertableError

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_WAITED_SECONDS = 60
_MANY_BYTES = 4 << 20


class BackgroundAuditExport:
    """Events wait until they are many, or the first of them has waited for long. What fails is tried again."""

    def __init__(self, export: ExportAudit, journals: AuditJournals, clock: Clock) -> None:
        self._export = export
        self._journals = journals
        self._clock = clock
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """From now on, look every second. For services."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="audit-export", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Export once more, all of it where a service ends; what is left is for whoever comes next."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            thread.join()
        self._export_due(_WAITED_SECONDS if thread is None else 0)
        self._journals.close()

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            self._export_due(_WAITED_SECONDS)

    def _export_due(self, seconds: float) -> None:
        try:
            for organization in self._journals.organizations():
                if self._due(organization, seconds):
                    self._export(organization)
        except SupertableError as error:
            _LOG.warning("the audit log could not be exported, and will be later: %s", error)
        except Exception:  # noqa: BLE001 - the thread goes on, whatever it is
            _LOG.exception("the audit log could not be exported, and will be later")

    def _due(self, organization: str, seconds: float) -> bool:
        waiting = self._journals.waiting(organization)
        if waiting.since_us is None:
            return False
        return waiting.bytes >= _MANY_BYTES or self._clock.now_us() - waiting.since_us >= seconds * 1_000_000
