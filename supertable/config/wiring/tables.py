"""Finding tables, and reading what is known of them."""

from __future__ import annotations

from supertable.application.tables.history import TableHistory
from supertable.application.tables.lookup import Tables
from supertable.application.tables.supertables import ListSupertables
from supertable.application.tables.views import ListViews
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.foundation.audit_recorder import audit
from supertable.config.wiring.foundation.storage import clock, store
from supertable.config.wiring.foundation.transaction_log import accesses, heads, registries, snapshots

tables = singleton(
    Tables,
    heads=provided(heads),
    registries=provided(registries),
    snapshots=provided(snapshots),
    accesses=provided(accesses),
    audit=provided(audit),
    clock=provided(clock),
)
list_supertables = singleton(ListSupertables, tables=provided(tables), store=provided(store))
list_views = singleton(ListViews, tables=provided(tables))
table_history = singleton(TableHistory, tables=provided(tables))
