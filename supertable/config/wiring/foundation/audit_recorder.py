"""The recorder of audit events."""

from __future__ import annotations

from dependency_injector import providers

from supertable.application.audit.export import ExportAudit
from supertable.application.audit_recorder import AuditRecorder, Exporter
from supertable.config.backends import audit_folder
from supertable.config.typed_providers import provided, provider_of, singleton
from supertable.config.wiring.foundation.storage import clock, settings, store

audit_journals = singleton(audit_folder.audit_journals, settings=provided(settings), store=provided(store))
audit_exporter: providers.Dependency[Exporter] = providers.Dependency(instance_of=ExportAudit)
"""Late-bound by `supertable.config.wiring.audit`: the exporter's own commits are audited."""
audit = singleton(
    AuditRecorder,
    journals=provided(audit_journals),
    clock=provided(clock),
    exporter=provider_of(audit_exporter),
)
