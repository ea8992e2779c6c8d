"""Timely export of audit events: by a thread of a service, or when an embedded lake is closed."""

from __future__ import annotations

import logging
import threading

from supertable.application.audit.export import ExportAudit
from supertable.application.ports.audit_journals import AuditJournals
from supertable.application.ports.clocks import Clock
from supertable.domain.errors import SupertableError

_LOG = logging.getLogger(__name__)
_INTERVAL_SECONDS = 1.0
_MOST_SECONDS = 60
_MOST_BYTES = 4 << 20


class BackgroundAuditExport:
    """Exports an organization's events once they are many or the first has waited long. Retries failed exports."""

    def __init__(self, export: ExportAudit, journals: AuditJournals, clock: Clock) -> None:
        self._export = export
        self._journals = journals
        self._clock = clock
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure = ""

    def start(self) -> None:
        """Start a thread that checks every second. For services."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="audit-export", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Export a last time: in services everything, else what is due. The rest is left to the next process."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping.set()
            thread.join()
        self._export_due(_MOST_SECONDS if thread is None else 0)
        self._journals.close()

    def _run(self) -> None:
        while not self._stopping.wait(_INTERVAL_SECONDS):
            self._export_due(_MOST_SECONDS)

    def _export_due(self, seconds: float) -> None:
        try:
            for organization in self._journals.organizations():
                if self._is_due(organization, seconds):
                    self._export(organization)
            self._failure = ""
        except SupertableError as error:
            if str(error) != self._failure:
                self._failure = str(error)
                _LOG.warning("the audit log could not be exported; it is tried again later: %s", error)
        except Exception:  # noqa: BLE001 - no error may end the thread
            _LOG.exception("the audit log could not be exported; it is tried again later")

    def _is_due(self, organization: str, seconds: float) -> bool:
        waiting = self._journals.waiting(organization)
        if waiting.since_us is None:
            return False
        return waiting.bytes >= _MOST_BYTES or self._clock.now_us() - waiting.since_us >= seconds * 1_000_000
