"""Where the events of the audit log wait."""

from __future__ import annotations

from supertable.adapters.audit_journals.files import FileAuditJournals
from supertable.application.ports.object_stores import ObjectStore
from supertable.config.settings.settings import Settings
from supertable.config.settings.storage import StorageType
from supertable.config.wiring.data_files import store_digest


def journals(settings: Settings, store: ObjectStore) -> FileAuditJournals:
    """On this machine, apart for each store that it works with."""
    all_is_here = settings.storage_type is StorageType.LOCAL and not settings.redis_configured
    return FileAuditJournals(settings.home / "audit" / store_digest(settings, store), unless_read_only=all_is_here)
