"""Checking and repairing a lake."""

from __future__ import annotations

from functools import partial

from supertable.adapters.codecs.json_documents import access_log_codec, registry_log_codec
from supertable.adapters.codecs.table_logs import table_log_codec
from supertable.application.integrity.check_catalog import CatalogChecker
from supertable.application.integrity.check_files import FileChecker, files_are_there
from supertable.application.integrity.check_lake import CheckLake
from supertable.application.integrity.check_log import LogChecker
from supertable.application.integrity.rebuild_catalog import RebuildCatalog
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.snapshot_files.folding import folded
from supertable.config.typed_providers import factory, provided, provider_of, singleton
from supertable.config.wiring.foundation.storage import clock, identifiers, store
from supertable.config.wiring.foundation.transaction_log import (
    accesses_uncached,
    catalog,
    entries_in_access,
    entries_in_registry,
    entries_in_snapshot,
    heads,
    leases,
    registries_uncached,
    snapshots_uncached,
)
from supertable.config.wiring.tables import tables
from supertable.domain.access.accounts import Access, AccessCommit, replayed_access
from supertable.domain.table.commits import Commit
from supertable.domain.table.registry import Registry, RegistryCommit, replayed_registry
from supertable.domain.table.snapshots import Snapshot


def _registry_checker(*, store: ObjectStore) -> LogChecker[RegistryCommit, Registry]:
    return LogChecker(store=store, codec=registry_log_codec(), fold=replayed_registry, entries=entries_in_registry)


def _table_checker(*, store: ObjectStore) -> LogChecker[Commit, Snapshot]:
    return LogChecker(
        store=store,
        codec=table_log_codec(),
        fold=folded,
        entries=entries_in_snapshot,
        complete=partial(files_are_there, store),
    )


def _access_checker(*, store: ObjectStore) -> LogChecker[AccessCommit, Access]:
    return LogChecker(store=store, codec=access_log_codec(), fold=replayed_access, entries=entries_in_access)


rebuild_catalog = singleton(
    RebuildCatalog,
    tables=provided(tables),
    store=provided(store),
    catalog=provided(catalog),
    heads=provided(heads),
    clock=provided(clock),
)
catalog_checker = singleton(
    CatalogChecker,
    catalog=provided(catalog),
    store=provided(store),
    heads=provided(heads),
    rebuild=provided(rebuild_catalog),
)
vectors_uncached = factory(DeletionVectors, store=provided(store), identifiers=provided(identifiers))
file_checker = factory(FileChecker, store=provided(store), vectors=provided(vectors_uncached))
check_lake = singleton(
    CheckLake,
    tables=provided(tables),
    store=provided(store),
    registries=provided(singleton(_registry_checker, store=provided(store))),
    snapshots=provided(singleton(_table_checker, store=provided(store))),
    accesses=provided(singleton(_access_checker, store=provided(store))),
    fresh_registries=provider_of(registries_uncached),
    fresh_snapshots=provider_of(snapshots_uncached),
    fresh_accesses=provider_of(accesses_uncached),
    files=provider_of(file_checker),
    catalog=provided(catalog_checker),
    leases=provided(leases),
    clock=provided(clock),
)
