"""The audit log: export, search and verification."""

from __future__ import annotations

from supertable.application.audit.anchors import AuditAnchors
from supertable.application.audit.background_export import BackgroundAuditExport
from supertable.application.audit.export import ExportAudit
from supertable.application.audit.search import SearchAudit
from supertable.application.audit.verify import VerifyAudit
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.commits import committer, table_creator
from supertable.config.wiring.engines.in_process import data_files
from supertable.config.wiring.foundation.audit_recorder import audit, audit_exporter, audit_journals
from supertable.config.wiring.foundation.storage import clock, store
from supertable.config.wiring.foundation.transaction_log import catalog, snapshots_uncached
from supertable.config.wiring.queries import run_query
from supertable.config.wiring.tables import tables

audit_anchors = singleton(AuditAnchors, store=provided(store))
export_audit = singleton(
    ExportAudit,
    journals=provided(audit_journals),
    anchors=provided(audit_anchors),
    tables=provided(tables),
    table_creator=provided(table_creator),
    committer=provided(committer),
    writer=provided(data_files),
    store=provided(store),
)
audit_exporter.provided_by(export_audit)
background_audit_export = singleton(
    BackgroundAuditExport, export=provided(export_audit), journals=provided(audit_journals), clock=provided(clock)
)
search_audit = singleton(
    SearchAudit, tables=provided(tables), run_query=provided(run_query), anchors=provided(audit_anchors)
)
verify_audit = singleton(
    VerifyAudit,
    tables=provided(tables),
    audit=provided(audit),
    anchors=provided(audit_anchors),
    records=provided(snapshots_uncached),
    catalog=provided(catalog),
    store=provided(store),
)
