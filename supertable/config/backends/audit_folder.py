"""The folder of the audit log's journals."""

from __future__ import annotations

from supertable.adapters.audit_journals.files import FileAuditJournals
from supertable.application.ports.object_stores import ObjectStore
from supertable.config.backends.data_file_access import store_digest
from supertable.config.settings.settings import Settings


def audit_journals(settings: Settings, store: ObjectStore) -> FileAuditJournals:
    """Journals on this machine, in a folder of their own for each object store."""
    folder = settings.home / "audit" / store_digest(settings, store)
    return FileAuditJournals(folder, unless_read_only=settings.all_is_local)
