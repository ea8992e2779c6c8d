"""The catalog, the heads, and the versioned logs of registries, tables and access."""

from __future__ import annotations

from supertable.adapters.codecs.json_documents import access_log_codec, registry_log_codec
from supertable.adapters.codecs.table_logs import table_log_codec
from supertable.application.ports.catalogs import Catalog
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.deployment import Deployment
from supertable.application.storage.snapshot_files.folding import folded
from supertable.application.transaction_log.commit_clock import CommitClock
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.health import CheckHealth
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.config.backends import catalogs_and_locks
from supertable.config.settings.settings import Settings
from supertable.config.typed_providers import factory, provided, provider_of, singleton
from supertable.config.wiring.foundation.storage import clock, deployment, identifiers, settings, store
from supertable.domain.access.accounts import Access, AccessCommit, replayed_access
from supertable.domain.table.commits import Commit
from supertable.domain.table.registry import Registry, RegistryCommit, replayed_registry
from supertable.domain.table.snapshots import Snapshot


def entries_in_registry(registry: Registry) -> int:
    return len(registry.entries)


def entries_in_snapshot(snapshot: Snapshot) -> int:
    """Eight idempotency keys take as much space in a checkpoint as one file does."""
    return len(snapshot.files) + len(snapshot.replies) // 8


def entries_in_access(access: Access) -> int:
    return len(access.roles) + len(access.users) + len(access.tokens)


def _heads(*, store: ObjectStore, catalog: Catalog, clock: Clock, settings: Settings, deployment: Deployment) -> Heads:
    """A local folder needs no proof of its safety; but where Redis is shared, the folder must be the same one."""
    return Heads(
        store=store,
        catalog=catalog,
        clock=clock,
        probe_every_read=not settings.redis_configured,
        prove=(lambda: None) if settings.all_is_local else deployment.prove,
    )


def _registry_log(*, store: ObjectStore, heads: Heads) -> VersionedLog[RegistryCommit, Registry]:
    return VersionedLog(
        store=store, heads=heads, codec=registry_log_codec(), fold=replayed_registry, entries=entries_in_registry
    )


def _table_log(*, store: ObjectStore, heads: Heads) -> VersionedLog[Commit, Snapshot]:
    return VersionedLog(
        store=store,
        heads=heads,
        codec=table_log_codec(),
        fold=folded,
        entries=entries_in_snapshot,
        weight=lambda commit: commit.changed_files,
    )


def _access_log(*, store: ObjectStore, heads: Heads) -> VersionedLog[AccessCommit, Access]:
    return VersionedLog(
        store=store, heads=heads, codec=access_log_codec(), fold=replayed_access, entries=entries_in_access
    )


def _commit_clock(*, clock: Clock, store: ObjectStore, identifiers: Identifiers, settings: Settings) -> CommitClock:
    """A folder of this machine has this machine's clock: there only a clock that was set far ahead shows."""
    believed_seconds = 2 * 24 * 3600.0 if settings.all_is_local else 600.0
    return CommitClock(clock, store, identifiers, believed_seconds, settings.max_clock_skew_seconds)


commit_clock = singleton(
    _commit_clock,
    clock=provided(clock),
    store=provided(store),
    identifiers=provided(identifiers),
    settings=provided(settings),
)
redis = singleton(catalogs_and_locks.redis_server, settings=provided(settings))
catalog = singleton(
    catalogs_and_locks.catalog,
    settings=provided(settings),
    deployment=provided(deployment),
    redis=provider_of(redis),
)
locks = singleton(
    catalogs_and_locks.locks,
    settings=provided(settings),
    deployment=provided(deployment),
    redis=provider_of(redis),
)
leases = singleton(
    catalogs_and_locks.leases,
    settings=provided(settings),
    deployment=provided(deployment),
    redis=provider_of(redis),
)
heads = singleton(
    _heads,
    store=provided(store),
    catalog=provided(catalog),
    clock=provided(clock),
    settings=provided(settings),
    deployment=provided(deployment),
)
check_health = singleton(CheckHealth, heads=provided(heads))
registries = singleton(_registry_log, store=provided(store), heads=provided(heads))
snapshots = singleton(_table_log, store=provided(store), heads=provided(heads))
accesses = singleton(_access_log, store=provided(store), heads=provided(heads))
registries_uncached = factory(_registry_log, store=provided(store), heads=provided(heads))
snapshots_uncached = factory(_table_log, store=provided(store), heads=provided(heads))
accesses_uncached = factory(_access_log, store=provided(store), heads=provided(heads))
