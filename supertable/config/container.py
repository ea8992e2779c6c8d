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
from supertable.application.access_changes import AccessChanges
from supertable.application.access_log import AccessLog
from supertable.application.alter_table import AlterTable
from supertable.application.audit_anchors import AuditAnchors
from supertable.application.audit_exports import AuditExports
from supertable.application.audit_trail import AuditTrail
from supertable.application.auditing import Audit
from supertable.application.check_catalog import CatalogChecker
from supertable.application.check_files import FileChecker, files_are_there
from supertable.application.check_health import CheckHealth
from supertable.application.check_lake import CheckLake
from supertable.application.check_log import LogChecker
from supertable.application.clone_rules import CloneRules
from supertable.application.clone_table import CloneTable
from supertable.application.comment_table import CommentTable
from supertable.application.committing import Committer
from supertable.application.compact_table import CompactTable
from supertable.application.create_table import CreateTable
from supertable.application.data_files import DataFileWriter
from supertable.application.delete_rows import DeleteRows
from supertable.application.deletion_vectors import DeletionVectors
from supertable.application.deployment import Deployment
from supertable.application.drop_table import DropTable, UndropTable
from supertable.application.exporting_audit import ExportAudit
from supertable.application.first_token import FirstToken
from supertable.application.founding import Founder
from supertable.application.group_commit import GroupCommit
from supertable.application.heads import Heads
from supertable.application.ingest_rows import IngestRows
from supertable.application.job_results import JobResults
from supertable.application.job_store import JobStore
from supertable.application.lake_jobs import LakeJobs
from supertable.application.list_jobs import ListJobs
from supertable.application.list_supertables import ListSupertables
from supertable.application.logs import Log
from supertable.application.maintain_lake import MaintainLake
from supertable.application.manage_roles import ManageRoles
from supertable.application.manage_tokens import ManageTokens
from supertable.application.manage_users import ManageUsers
from supertable.application.purge_tables import PurgeTables
from supertable.application.query_jobs import QueryJobs
from supertable.application.rebuild_catalog import RebuildCatalog
from supertable.application.registering import Registrar
from supertable.application.rename_table import RenameTable
from supertable.application.resolving import Resolver
from supertable.application.restore_version import RestoreVersion
from supertable.application.role_infos import RoleInfos
from supertable.application.run_jobs import JobRunner
from supertable.application.run_query import RunQuery
from supertable.application.set_maintenance import SetMaintenance
from supertable.application.sign_in import SignIn
from supertable.application.sign_in_records import SignInRecords
from supertable.application.staging import Stage
from supertable.application.sweep_jobs import Sweeping, SweepJobs
from supertable.application.table_changes import TableChanges
from supertable.application.table_history import TableHistory
from supertable.application.table_rules import TableRules
from supertable.application.table_statistics import TableStatistics
from supertable.application.tables import Tables
from supertable.application.tag_version import TagVersion, UntagVersion
from supertable.application.token_use import TokenUses
from supertable.application.vacuum_lake import VacuumLake
from supertable.application.vacuum_table import VacuumTable
from supertable.application.verify_audit import VerifyAudit
from supertable.application.who_am_i import WhoAmI
from supertable.application.write_rows import WriteRows
from supertable.config import auditing, catalogs, reading, signing_in, stores
from supertable.config.ingest_settings import ingest_limits
from supertable.config.settings import Settings
from supertable.config.storage_settings import StorageType
from supertable.config.stores import folder
from supertable.domain.access import Access, replayed_access
from supertable.domain.jobs import Beat, End, Job
from supertable.domain.registry import Registry, replayed_registry
from supertable.domain.snapshots import Snapshot, replayed


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
    audit = providers.Singleton(Audit, audit_journals, clock)

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
    registries = providers.Singleton(Log, store, heads, registry_codec, replayed_registry, _tables_in)
    snapshots = providers.Singleton(Log, store, heads, table_codec, replayed, _entries_of)
    registries_uncached = providers.Factory(Log, store, heads, registry_codec, replayed_registry, _tables_in)
    snapshots_uncached = providers.Factory(Log, store, heads, table_codec, replayed, _entries_of)
    accesses_uncached = providers.Factory(Log, store, heads, access_codec, replayed_access, _entries_in)
    accesses = providers.Singleton(Log, store, heads, access_codec, replayed_access, _entries_in)
    access_log = providers.Singleton(AccessLog, heads, accesses, clock, identifiers)
    sign_in_rules = providers.Singleton(signing_in.rules, settings)
    token_uses = providers.Singleton(TokenUses, access_log, clock)
    token_verifier = providers.Singleton(signing_in.verifier, settings, clock)
    sign_in_records = providers.Singleton(SignInRecords, audit, access_log, token_uses, settings.provided.organization)
    sign_in = providers.Singleton(SignIn, sign_in_rules, access_log, token_verifier, sign_in_records, clock)
    tables = providers.Singleton(Tables, heads, registries, snapshots, accesses, audit, clock)
    who_am_i = providers.Singleton(WhoAmI, tables)
    access_changes = providers.Singleton(AccessChanges, access_log, audit, clock)
    first_token = providers.Singleton(FirstToken, sign_in_rules, access_changes, clock, identifiers)
    manage_roles = providers.Singleton(
        ManageRoles,
        access_changes,
        tables,
        providers.Singleton(TableRules, tables, row_filter_parser),
        providers.Singleton(RoleInfos, tables, row_filter_parser),
    )
    manage_users = providers.Singleton(ManageUsers, access_changes, identifiers)
    manage_tokens = providers.Singleton(ManageTokens, access_changes, clock, identifiers)
    committer = providers.Singleton(Committer, tables, snapshots, heads, locks, leases, audit, clock, identifiers)
    registrar = providers.Singleton(Registrar, tables, registries, heads, audit, clock, identifiers)
    data_files = providers.Singleton(DataFileWriter, store, stored_files.provided.open_writer, identifiers)
    stage = providers.Singleton(Stage, store, data_files, finder)

    founder = providers.Singleton(Founder, tables, snapshots, registrar, clock, identifiers)
    list_supertables = providers.Singleton(ListSupertables, tables, store)
    export_audit = providers.Singleton(
        ExportAudit, audit_journals, audit_anchors, tables, founder, committer, data_files, store
    )
    audit.add_kwargs(exporter=export_audit.provider)  # which reads and writes, and is told of in turn
    verify_audit = providers.Singleton(VerifyAudit, tables, audit, audit_anchors, snapshots_uncached, catalog, store)
    audit_exports = providers.Singleton(AuditExports, export_audit, audit_journals, clock)
    create_table = providers.Singleton(CreateTable, founder)
    clone_rules = providers.Singleton(CloneRules, access_changes, tables)
    clone_table = providers.Singleton(CloneTable, tables, founder, clone_rules)
    rename_table = providers.Singleton(RenameTable, registrar)
    drop_table = providers.Singleton(DropTable, registrar)
    undrop_table = providers.Singleton(UndropTable, registrar)
    tag_version = providers.Singleton(TagVersion, tables, registrar)
    untag_version = providers.Singleton(UntagVersion, registrar)
    resolver = providers.Singleton(Resolver, stage, finder, vectors)
    write_rows = providers.Singleton(WriteRows, tables, stage, committer, finder, resolver)
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
    set_maintenance = providers.Singleton(SetMaintenance, tables, committer)
    table_changes = providers.Singleton(TableChanges, tables, vectors)
    table_history = providers.Singleton(TableHistory, tables)
    run_query = providers.Singleton(RunQuery, tables, table_changes, engine, leases, audit)
    audit_trail = providers.Singleton(AuditTrail, tables, run_query)
    table_statistics = providers.Singleton(TableStatistics, tables, run_query)
    sweep_jobs = providers.Singleton(SweepJobs, store, clock, settings.provided.jobs_kept_seconds)
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
        providers.Singleton(JsonDocument, providers.Object(Beat)),
        providers.Singleton(JsonDocument, providers.Object(End)),
        clock,
    )
    job_results = providers.Singleton(JobResults, store, settings.provided.job_result_bytes)
    job_runner = providers.Singleton(
        JobRunner, job_store, clock, settings.provided.jobs_at_once, settings.provided.jobs_per_user
    )
    sweeping = providers.Singleton(Sweeping, sweep_jobs)
    list_jobs = providers.Singleton(ListJobs, tables, job_store, job_runner, clock, settings.provided.jobs_kept_seconds)
    query_jobs = providers.Singleton(
        QueryJobs, tables, run_query, list_jobs, job_runner, job_results, audit, clock, identifiers
    )
    lake_jobs = providers.Singleton(
        LakeJobs,
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
