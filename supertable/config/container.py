"""The composition root: every part of the application by name. Tests and services override single providers."""

from __future__ import annotations

from dependency_injector import containers

from supertable.config.wiring import (
    access_control,
    authentication,
    commits,
    ddl,
    integrity,
    jobs,
    key_index,
    maintenance,
    queries,
    statements,
    updates,
    writes,
)
from supertable.config.wiring import audit as audit_log
from supertable.config.wiring import tables as table_reads
from supertable.config.wiring.engines import choice, executors, in_process
from supertable.config.wiring.foundation import audit_recorder, storage, transaction_log


class Container(containers.DeclarativeContainer):
    """An embedded lake, or one whose storage and catalog the settings place elsewhere.

    `supertable/config/wiring` says what each part is built from. Parts are built when they are first used, and once.
    """

    __getattr__: None  # type: ignore[assignment, misc]  # otherwise mypy takes every unknown name for a provider of `Any`

    settings = storage.settings
    clock = storage.clock
    identifiers = storage.identifiers
    store = storage.store
    deployment = storage.deployment
    vectors = storage.vectors
    key_indexes = key_index.key_indexes
    matcher = key_index.matcher
    key_lookups = key_index.key_lookups
    duplicate_rows = key_index.duplicate_rows

    duckdb = in_process.duckdb
    sandbox = in_process.sandbox
    stored_files = in_process.stored_files
    data_files = in_process.data_files
    duckdb_engine = in_process.duckdb_engine
    pro_engine = in_process.pro_engine
    duckdb_finder = in_process.duckdb_finder
    engine = in_process.engine
    finder = in_process.finder
    row_filter_parser = in_process.row_filter_parser
    file_reader = in_process.file_reader
    text_values = in_process.text_values
    executor_pool = executors.executor_pool
    executor_files = executors.executor_files
    turns = executors.turns
    executor_engine = executors.executor_engine
    executor_pro_engine = executors.executor_pro_engine
    executor_finder = executors.executor_finder
    spark_engine = choice.spark_engine
    engines = choice.engines

    redis = transaction_log.redis
    catalog = transaction_log.catalog
    locks = transaction_log.locks
    leases = transaction_log.leases
    heads = transaction_log.heads
    commit_clock = transaction_log.commit_clock
    check_health = transaction_log.check_health
    registries = transaction_log.registries
    snapshots = transaction_log.snapshots
    accesses = transaction_log.accesses
    registries_uncached = transaction_log.registries_uncached
    snapshots_uncached = transaction_log.snapshots_uncached
    accesses_uncached = transaction_log.accesses_uncached

    audit_journals = audit_recorder.audit_journals
    audit_exporter = audit_recorder.audit_exporter
    audit = audit_recorder.audit

    tables = table_reads.tables
    list_supertables = table_reads.list_supertables
    list_views = table_reads.list_views
    table_history = table_reads.table_history

    access_log = access_control.access_log
    access_changes = access_control.access_changes
    table_grants = access_control.table_grants
    role_descriptions = access_control.role_descriptions
    manage_roles = access_control.manage_roles
    manage_users = access_control.manage_users
    manage_tokens = access_control.manage_tokens
    clone_grants = access_control.clone_grants

    sign_in_rules = authentication.sign_in_rules
    token_verifier = authentication.token_verifier
    token_last_use = authentication.token_last_use
    sign_in_events = authentication.sign_in_events
    sign_in = authentication.sign_in
    first_token = authentication.first_token
    tickets = authentication.tickets
    who_am_i = authentication.who_am_i

    committer = commits.committer
    registrar = commits.registrar
    table_creator = commits.table_creator

    job_store = jobs.job_store
    job_results = jobs.job_results
    job_runner = jobs.job_runner
    list_jobs = jobs.list_jobs
    sweep_jobs = jobs.sweep_jobs
    sweeping = jobs.sweeping

    staging = writes.staging
    resolver = writes.resolver
    write_attempts = writes.write_attempts
    write_rows = writes.write_rows
    group_commit = writes.group_commit
    ingest_rows = writes.ingest_rows
    delete_rows = writes.delete_rows

    create_table = ddl.create_table
    load_files = ddl.load_files
    write_or_create = ddl.write_or_create
    clone_table = ddl.clone_table
    rename_table = ddl.rename_table
    drop_table = ddl.drop_table
    define_view = ddl.define_view
    undrop_table = ddl.undrop_table
    tag_version = ddl.tag_version
    untag_version = ddl.untag_version
    alter_table = ddl.alter_table
    restore_version = ddl.restore_version
    comment_table = ddl.comment_table
    set_maintenance = ddl.set_maintenance

    table_changes = queries.table_changes
    listings = queries.listings
    relations = queries.relations
    views = queries.views
    max_query_seconds = queries.max_query_seconds
    results = queries.results
    run_query = queries.run_query
    table_statistics = queries.table_statistics
    background_queries = queries.background_queries

    row_holder = in_process.row_holder
    update_attempts = updates.update_attempts
    update_rows = updates.update_rows
    statement_parser = statements.statement_parser
    insert_rows = statements.insert_rows
    update_matching_rows = statements.update_matching_rows
    delete_matching_rows = statements.delete_matching_rows
    truncate_table = statements.truncate_table
    create_empty_table = statements.create_empty_table
    create_table_from_query = statements.create_table_from_query
    change_table = statements.change_table
    change_views = statements.change_views
    statement_handlers = statements.statement_handlers
    run_statement = statements.run_statement

    rebuild_catalog = integrity.rebuild_catalog
    catalog_checker = integrity.catalog_checker
    vectors_uncached = integrity.vectors_uncached
    file_checker = integrity.file_checker
    check_lake = integrity.check_lake

    compact_table = maintenance.compact_table
    value_indexes = maintenance.value_indexes
    vacuum_table = maintenance.vacuum_table
    purge_tables = maintenance.purge_tables
    vacuum_lake = maintenance.vacuum_lake
    maintain_lake = maintenance.maintain_lake
    background_maintenance = maintenance.background_maintenance
    maintenance_jobs = maintenance.maintenance_jobs

    audit_anchors = audit_log.audit_anchors
    export_audit = audit_log.export_audit
    background_audit_export = audit_log.background_audit_export
    search_audit = audit_log.search_audit
    verify_audit = audit_log.verify_audit
