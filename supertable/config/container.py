"""The composition root: which adapter serves which port. Tests and services override single providers."""

from __future__ import annotations

from collections.abc import Callable

from dependency_injector import containers, providers

from supertable.adapters.clocks.system import SystemClock, UuidIdentifiers
from supertable.adapters.codecs.json_documents import (
    JsonDocument,
    access_log_codec,
    registry_log_codec,
    table_log_codec,
)
from supertable.adapters.engines.duckdb import DuckDBEngine, DuckDBRowFilterParser, DuckDBRowFinder
from supertable.adapters.readers.files import FileReaderAdapter
from supertable.application.access_control.access_changes import AccessChanges
from supertable.application.access_control.accounts_log import AccountsLog
from supertable.application.access_control.clone_grants import CloneGrants
from supertable.application.access_control.manage_roles import ManageRoles
from supertable.application.access_control.manage_tokens import ManageTokens
from supertable.application.access_control.manage_users import ManageUsers
from supertable.application.access_control.role_descriptions import RoleDescriptions
from supertable.application.access_control.table_grants import TableGrants
from supertable.application.audit.anchors import AuditAnchors
from supertable.application.audit.background_export import BackgroundAuditExport
from supertable.application.audit.export import ExportAudit
from supertable.application.audit.search import SearchAudit
from supertable.application.audit.verify import VerifyAudit
from supertable.application.audit_recorder import AuditRecorder
from supertable.application.authentication.first_token import FirstToken
from supertable.application.authentication.sign_in import SignIn
from supertable.application.authentication.sign_in_events import SignInEvents
from supertable.application.authentication.token_last_use import TokenLastUse
from supertable.application.authentication.who_am_i import WhoAmI
from supertable.application.commits.committer import Committer
from supertable.application.commits.registrar import Registrar
from supertable.application.commits.table_creator import TableCreator
from supertable.application.ddl.alter_table import AlterTable
from supertable.application.ddl.clone_table import CloneTable
from supertable.application.ddl.comment_table import CommentTable
from supertable.application.ddl.create_table import CreateTable
from supertable.application.ddl.drop_table import DropTable, UndropTable
from supertable.application.ddl.rename_table import RenameTable
from supertable.application.ddl.restore_version import RestoreVersion
from supertable.application.ddl.set_maintenance_policy import SetMaintenancePolicy
from supertable.application.ddl.tag_version import TagVersion, UntagVersion
from supertable.application.integrity.check_catalog import CatalogChecker
from supertable.application.integrity.check_files import FileChecker, files_are_there
from supertable.application.integrity.check_lake import CheckLake
from supertable.application.integrity.check_log import LogChecker
from supertable.application.integrity.rebuild_catalog import RebuildCatalog
from supertable.application.jobs.expired_jobs import ExpireJobs, Sweeping
from supertable.application.jobs.job_results import JobResults
from supertable.application.jobs.job_runner import JobRunner
from supertable.application.jobs.job_store import JobStore
from supertable.application.jobs.list_jobs import ListJobs
from supertable.application.maintenance.compact_table import CompactTable
from supertable.application.maintenance.maintain_lake import MaintainLake
from supertable.application.maintenance.maintenance_jobs import MaintenanceJobs
from supertable.application.maintenance.purge_tables import PurgeTables
from supertable.application.maintenance.vacuum_lake import VacuumLake
from supertable.application.maintenance.vacuum_table import VacuumTable
from supertable.application.queries.background_queries import BackgroundQueries
from supertable.application.queries.change_feed import ChangeFeed
from supertable.application.queries.run_query import RunQuery
from supertable.application.queries.table_statistics import TableStatistics
from supertable.application.storage.data_file_writer import DataFileWriter
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.deployment import Deployment
from supertable.application.tables.history import TableHistory
from supertable.application.tables.lookup import Tables
from supertable.application.tables.supertables import ListSupertables
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.health import CheckHealth
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.application.writes.delete_rows import DeleteRows
from supertable.application.writes.group_commit import GroupCommit
from supertable.application.writes.ingest_rows import IngestRows
from supertable.application.writes.key_resolution import KeyResolver
from supertable.application.writes.staged_files import StagedFileWriter
from supertable.application.writes.write_attempts import WriteAttempts
from supertable.application.writes.write_rows import WriteRows
from supertable.config.settings.ingest import ingest_limits
from supertable.config.settings.settings import Settings
from supertable.config.settings.storage import StorageType
from supertable.config.wiring import audit_journals as auditing
from supertable.config.wiring import catalogs
from supertable.config.wiring import data_files as reading
from supertable.config.wiring import object_stores as stores
from supertable.config.wiring import sign_in as signing_in
from supertable.config.wiring.object_stores import folder
from supertable.domain.access.accounts import Access, replayed_access
from supertable.domain.jobs import End, Heartbeat, Job
from supertable.domain.table.registry import Registry, replayed_registry
from supertable.domain.table.snapshots import Snapshot, replayed


def _proof(settings: Settings, deployment: Deployment) -> Callable[[], None]:
    """A local folder is known to be safe, but not that it is the same one for all who share a Redis."""
    local = settings.storage_type is StorageType.LOCAL and not settings.redis_configured
    return (lambda: None) if local else deployment.prove


def _catalog_is_not_shared(settings: Settings) -> bool:
    return not settings.redis_configured


def _tables_in(registry: Registry) -> int:
    return len(registry.entries)


def _entries_in(access: Access) -> int:
    return len(access.roles) + len(access.users) + len(access.tokens)


def _entries_of(snapshot: Snapshot) -> int:
    """Eight idempotency keys take as much room in a checkpoint as a file does."""
    return len(snapshot.files) + len(snapshot.replies) // 8


class Container(containers.DeclarativeContainer):
    """An embedded lake: local files, a SQLite catalog beside them, DuckDB in the process. Made lazily, once each."""

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)

    clock = providers.Singleton(SystemClock)
    identifiers = providers.Singleton(UuidIdentifiers)
    store = providers.Singleton(stores.object_store, settings)
    deployment = providers.Singleton(Deployment, store, identifiers)
    redis = providers.Singleton(catalogs.redis_server, settings)
    catalog = providers.Singleton(catalogs.catalog, settings, deployment, redis.provider)
    locks = providers.Singleton(catalogs.locks, settings, deployment, redis.provider)
    leases = providers.Singleton(catalogs.leases, settings, deployment, redis.provider)
    vectors = providers.Singleton(DeletionVectors, store, identifiers)
    duckdb = providers.Singleton(reading.duckdb_instance, settings, store)
    stored_files = providers.Singleton(reading.data_files, settings, store, vectors, duckdb)
    engine = providers.Singleton(DuckDBEngine, duckdb, stored_files)
    finder = providers.Singleton(DuckDBRowFinder, duckdb, stored_files)
    row_filter_parser = providers.Singleton(DuckDBRowFilterParser, duckdb)
    file_reader = providers.Singleton(FileReaderAdapter, providers.Callable(folder, settings, "temporary"))

    audit_journals = providers.Singleton(auditing.journals, settings, store)
    audit_anchors = providers.Singleton(AuditAnchors, store)
    audit = providers.Singleton(AuditRecorder, audit_journals, clock)

    heads = providers.Singleton(
        Heads,
        store,
        catalog,
        clock,
        probe_every_read=providers.Callable(_catalog_is_not_shared, settings),
        prove=providers.Callable(_proof, settings, deployment),
    )
    check_health = providers.Singleton(CheckHealth, heads)
    registry_codec = providers.Singleton(registry_log_codec)
    table_codec = providers.Singleton(table_log_codec)
    access_codec = providers.Singleton(access_log_codec)
    registries = providers.Singleton(VersionedLog, store, heads, registry_codec, replayed_registry, _tables_in)
    snapshots = providers.Singleton(VersionedLog, store, heads, table_codec, replayed, _entries_of)
    registries_uncached = providers.Factory(VersionedLog, store, heads, registry_codec, replayed_registry, _tables_in)
    snapshots_uncached = providers.Factory(VersionedLog, store, heads, table_codec, replayed, _entries_of)
    accesses_uncached = providers.Factory(VersionedLog, store, heads, access_codec, replayed_access, _entries_in)
    accesses = providers.Singleton(VersionedLog, store, heads, access_codec, replayed_access, _entries_in)
    access_log = providers.Singleton(AccountsLog, heads, accesses, clock, identifiers)
    sign_in_rules = providers.Singleton(signing_in.rules, settings)
    token_last_use = providers.Singleton(TokenLastUse, access_log, clock)
    token_verifier = providers.Singleton(signing_in.verifier, settings, clock)
    sign_in_events = providers.Singleton(
        SignInEvents, audit, access_log, token_last_use, settings.provided.organization
    )
    sign_in = providers.Singleton(SignIn, sign_in_rules, access_log, token_verifier, sign_in_events, clock)
    tables = providers.Singleton(Tables, heads, registries, snapshots, accesses, audit, clock)
    who_am_i = providers.Singleton(WhoAmI, tables)
    access_changes = providers.Singleton(AccessChanges, access_log, audit, clock)
    first_token = providers.Singleton(FirstToken, sign_in_rules, access_changes, clock, identifiers)
    manage_roles = providers.Singleton(
        ManageRoles,
        access_changes,
        tables,
        providers.Singleton(TableGrants, tables, row_filter_parser),
        providers.Singleton(RoleDescriptions, tables, row_filter_parser),
    )
    manage_users = providers.Singleton(ManageUsers, access_changes, identifiers)
    manage_tokens = providers.Singleton(ManageTokens, access_changes, clock, identifiers)
    committer = providers.Singleton(Committer, tables, snapshots, heads, locks, leases, audit, clock, identifiers)
    registrar = providers.Singleton(Registrar, tables, registries, heads, audit, clock, identifiers)
    data_files = providers.Singleton(DataFileWriter, store, stored_files.provided.open_writer, identifiers)
    stage = providers.Singleton(StagedFileWriter, store, data_files, finder)

    table_creator = providers.Singleton(TableCreator, tables, snapshots, registrar, clock, identifiers)
    list_supertables = providers.Singleton(ListSupertables, tables, store)
    export_audit = providers.Singleton(
        ExportAudit, audit_journals, audit_anchors, tables, table_creator, committer, data_files, store
    )
    audit.add_kwargs(exporter=export_audit.provider)  # which reads and writes, and is told of in turn
    verify_audit = providers.Singleton(VerifyAudit, tables, audit, audit_anchors, snapshots_uncached, catalog, store)
    background_audit_export = providers.Singleton(BackgroundAuditExport, export_audit, audit_journals, clock)
    create_table = providers.Singleton(CreateTable, table_creator)
    clone_grants = providers.Singleton(CloneGrants, access_changes, tables)
    clone_table = providers.Singleton(CloneTable, tables, table_creator, clone_grants)
    rename_table = providers.Singleton(RenameTable, registrar)
    drop_table = providers.Singleton(DropTable, registrar)
    undrop_table = providers.Singleton(UndropTable, registrar)
    tag_version = providers.Singleton(TagVersion, tables, registrar)
    untag_version = providers.Singleton(UntagVersion, registrar)
    resolver = providers.Singleton(KeyResolver, stage, finder, vectors)
    write_attempts = providers.Singleton(WriteAttempts, tables, stage, finder, resolver, vectors)
    write_rows = providers.Singleton(WriteRows, tables, stage, committer, finder, write_attempts)
    group_commit = providers.Singleton(GroupCommit, tables, committer, write_rows)
    ingest_rows = providers.Singleton(
        IngestRows, tables, file_reader, write_rows, group_commit, providers.Callable(ingest_limits, settings)
    )
    delete_rows = providers.Singleton(DeleteRows, tables, committer, finder, vectors)
    alter_table = providers.Singleton(AlterTable, tables, committer, finder)
    restore_version = providers.Singleton(RestoreVersion, tables, committer)
    compact_table = providers.Singleton(CompactTable, tables, committer, finder, data_files, vectors, store, leases)
    vacuum_table = providers.Singleton(VacuumTable, tables, snapshots, heads, committer, store, leases, clock)
    purge_tables = providers.Singleton(PurgeTables, tables, registries, registrar, heads, store, leases, clock)
    vacuum_lake = providers.Singleton(VacuumLake, tables, vacuum_table, purge_tables)
    comment_table = providers.Singleton(CommentTable, tables, committer)
    set_maintenance = providers.Singleton(SetMaintenancePolicy, tables, committer)
    table_changes = providers.Singleton(ChangeFeed, tables, vectors)
    table_history = providers.Singleton(TableHistory, tables)
    run_query = providers.Singleton(RunQuery, tables, table_changes, engine, leases, audit)
    search_audit = providers.Singleton(SearchAudit, tables, run_query)
    table_statistics = providers.Singleton(TableStatistics, tables, run_query)
    sweep_jobs = providers.Singleton(ExpireJobs, store, clock, settings.provided.jobs_kept_seconds)
    maintain_lake = providers.Singleton(
        MaintainLake, tables, compact_table, vacuum_table, purge_tables, sweep_jobs, clock
    )
    rebuild_catalog = providers.Singleton(RebuildCatalog, tables, store, catalog, heads, clock)
    check_lake = providers.Singleton(
        CheckLake,
        tables,
        store,
        providers.Singleton(LogChecker, store, registry_codec, replayed_registry, _tables_in),
        providers.Singleton(
            LogChecker, store, table_codec, replayed, _entries_of, providers.Callable(files_are_there, store).provider
        ),
        providers.Singleton(LogChecker, store, access_codec, replayed_access, _entries_in),
        registries_uncached.provider,
        snapshots_uncached.provider,
        accesses_uncached.provider,
        providers.Factory(FileChecker, store, providers.Factory(DeletionVectors, store, identifiers)).provider,
        providers.Singleton(CatalogChecker, catalog, store, heads, rebuild_catalog),
        leases,
        clock,
    )

    job_store = providers.Singleton(
        JobStore,
        store,
        providers.Singleton(JsonDocument, providers.Object(Job)),
        providers.Singleton(JsonDocument, providers.Object(Heartbeat)),
        providers.Singleton(JsonDocument, providers.Object(End)),
        clock,
    )
    job_results = providers.Singleton(JobResults, store, settings.provided.job_result_bytes)
    job_runner = providers.Singleton(
        JobRunner, job_store, clock, settings.provided.jobs_at_once, settings.provided.jobs_per_user
    )
    sweeping = providers.Singleton(Sweeping, sweep_jobs)
    list_jobs = providers.Singleton(ListJobs, tables, job_store, job_runner, clock, settings.provided.jobs_kept_seconds)
    background_queries = providers.Singleton(
        BackgroundQueries, tables, run_query, list_jobs, job_runner, job_results, audit, clock, identifiers
    )
    maintenance_jobs = providers.Singleton(
        MaintenanceJobs,
        tables,
        list_supertables,
        compact_table,
        vacuum_table,
        vacuum_lake,
        maintain_lake,
        check_lake,
        job_runner,
        clock,
        identifiers,
    )
