"""Committing to tables and to registries."""

from __future__ import annotations

from supertable.application.commits.committer import Committer
from supertable.application.commits.registrar import Registrar
from supertable.application.commits.table_creator import TableCreator
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.foundation.audit_recorder import audit
from supertable.config.wiring.foundation.storage import clock, identifiers
from supertable.config.wiring.foundation.transaction_log import (
    commit_clock,
    heads,
    leases,
    locks,
    registries,
    snapshots,
)
from supertable.config.wiring.tables import tables

committer = singleton(
    Committer,
    tables=provided(tables),
    snapshots=provided(snapshots),
    heads=provided(heads),
    locks=provided(locks),
    leases=provided(leases),
    audit=provided(audit),
    clock=provided(clock),
    commit_clock=provided(commit_clock),
    identifiers=provided(identifiers),
)
registrar = singleton(
    Registrar,
    tables=provided(tables),
    registries=provided(registries),
    heads=provided(heads),
    audit=provided(audit),
    clock=provided(clock),
    commit_clock=provided(commit_clock),
    identifiers=provided(identifiers),
)
table_creator = singleton(
    TableCreator,
    tables=provided(tables),
    snapshots=provided(snapshots),
    registrar=provided(registrar),
    commit_clock=provided(commit_clock),
    identifiers=provided(identifiers),
)
