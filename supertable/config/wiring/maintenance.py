"""Compaction, vacuum and purge, and their jobs."""

from __future__ import annotations

from supertable.adapters.codecs.table_logs import value_index_codec
from supertable.application.maintenance.background_maintenance import BackgroundMaintenance
from supertable.application.maintenance.compact_table import CompactTable
from supertable.application.maintenance.maintain_lake import MaintainLake
from supertable.application.maintenance.maintenance_jobs import MaintenanceJobs
from supertable.application.maintenance.purge_tables import PurgeTables
from supertable.application.maintenance.vacuum_lake import VacuumLake
from supertable.application.maintenance.vacuum_table import VacuumTable
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.commits import committer, registrar
from supertable.config.wiring.engines.in_process import data_files, finder
from supertable.config.wiring.foundation.audit_recorder import audit
from supertable.config.wiring.foundation.storage import clock, identifiers, store, vectors
from supertable.config.wiring.foundation.transaction_log import heads, leases, locks, registries, snapshots
from supertable.config.wiring.integrity import check_lake
from supertable.config.wiring.jobs import job_runner, sweep_jobs
from supertable.config.wiring.tables import list_supertables, tables

compact_table = singleton(
    CompactTable,
    tables=provided(tables),
    committer=provided(committer),
    finder=provided(finder),
    writer=provided(data_files),
    vectors=provided(vectors),
    store=provided(store),
    leases=provided(leases),
)
value_indexes = singleton(value_index_codec)
vacuum_table = singleton(
    VacuumTable,
    tables=provided(tables),
    snapshots=provided(snapshots),
    heads=provided(heads),
    committer=provided(committer),
    store=provided(store),
    leases=provided(leases),
    clock=provided(clock),
    indexes=provided(value_indexes),
)
purge_tables = singleton(
    PurgeTables,
    tables=provided(tables),
    registries=provided(registries),
    registrar=provided(registrar),
    heads=provided(heads),
    store=provided(store),
    leases=provided(leases),
    clock=provided(clock),
)
vacuum_lake = singleton(
    VacuumLake, tables=provided(tables), vacuum=provided(vacuum_table), purge=provided(purge_tables)
)
maintain_lake = singleton(
    MaintainLake,
    tables=provided(tables),
    compact=provided(compact_table),
    vacuum=provided(vacuum_table),
    purge=provided(purge_tables),
    sweep=provided(sweep_jobs),
    clock=provided(clock),
)
background_maintenance = singleton(
    BackgroundMaintenance,
    maintain=provided(maintain_lake),
    tables=provided(tables),
    supertables=provided(list_supertables),
    store=provided(store),
    locks=provided(locks),
)
maintenance_jobs = singleton(
    MaintenanceJobs,
    tables=provided(tables),
    list_supertables=provided(list_supertables),
    compact_table=provided(compact_table),
    vacuum_table=provided(vacuum_table),
    vacuum_lake=provided(vacuum_lake),
    maintain_lake=provided(maintain_lake),
    check_lake=provided(check_lake),
    runner=provided(job_runner),
    audit=provided(audit),
    clock=provided(clock),
    identifiers=provided(identifiers),
)
