"""Purging dropped tables: first their entry in the registry, for good, then every object in their folder.

A table that has a clone is kept as long as the clone, which uses its files. A dropped table cannot be opened. Queries
that opened it before hold leases, which are checked before the entry is removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from supertable.application.commits.registrar import Registrar
from supertable.application.maintenance.active_readers import active_readers
from supertable.application.maintenance.vacuum_table import WAIT_SECONDS, remove_objects
from supertable.application.ports.clocks import Clock
from supertable.application.ports.leases import Leases
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.maintenance.vacuum import Removal
from supertable.domain.table.maintenance_policy import RETENTION_SECONDS, checked_retention
from supertable.domain.table.registry import Registry, RegistryAction, RegistryChange, RegistryCommit, TableEntry
from supertable.domain.timestamps import moment


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """A dropped table that was removed with all its versions; in a dry run, one that would be."""

    table: str
    dry_run: bool
    removed: tuple[Removal, ...]
    bytes_removed: int


class PurgeTables:
    def __init__(
        self,
        tables: Tables,
        registries: VersionedLog[RegistryCommit, Registry],
        registrar: Registrar,
        heads: Heads,
        store: ObjectStore,
        leases: Leases,
        clock: Clock,
    ) -> None:
        self._tables = tables
        self._registries = registries
        self._registrar = registrar
        self._heads = heads
        self._store = store
        self._leases = leases
        self._clock = clock

    def __call__(
        self,
        namespace: Namespace,
        retention_seconds: float | None = None,
        dry_run: bool = False,
        wait_seconds: float = WAIT_SECONDS,
        before_removal: Callable[[Removal], None] = lambda removal: None,
    ) -> list[PurgeResult]:
        """Purge tables dropped at least `retention_seconds` ago (None: seven days), and finish interrupted purges.

        Tables that are still being read are skipped; a later purge removes them. `before_removal` is called with each
        object and may raise to stop. Raises `InvalidSetting`.
        """
        retention = checked_retention(RETENTION_SECONDS if retention_seconds is None else retention_seconds)
        cutoff_us = self._clock.now_us() - round(retention * 1_000_000)
        results = [
            self._remove_objects_of(
                namespace,
                table_id,
                f"of a table that was purged {_at(commit.committed_at_us)}",
                dry_run,
                before_removal,
            )
            for table_id, commit in self._unfinished_purges(namespace)
        ]
        purged_ids: set[str] = set()
        while due := self._due(namespace, cutoff_us, purged_ids):
            for entry in due:
                purged_ids.add(entry.table_id)
                if dry_run or self._commit_purge(namespace, entry, wait_seconds):
                    reason = (
                        f"of table {entry.name}, which was dropped {_at(entry.dropped_at_us or 0)}; no clone needs it"
                    )
                    results.append(
                        self._remove_objects_of(namespace, entry.table_id, reason, dry_run, before_removal, entry.name)
                    )
        return results

    def _due(self, namespace: Namespace, cutoff_us: int, purged_ids: set[str]) -> list[TableEntry]:
        """The dropped tables to purge: those without a clone, except clones that this purge removed (`purged_ids`)."""
        return [
            entry
            for entry in self._tables.registry(namespace).dropped
            if (entry.dropped_at_us or 0) <= cutoff_us
            and entry.table_id not in purged_ids
            and not entry.clones.keys() - purged_ids
        ]

    def _commit_purge(self, namespace: Namespace, entry: TableEntry, wait_seconds: float) -> bool:
        """Remove the table from the registry, unless it is being read. Returns whether it is removed."""
        readers = active_readers(self._leases, self._clock, wait_seconds)
        if not readers.complete or namespace.folder(entry.table_id) in readers.spans:
            return False

        def purge(registry: Registry) -> RegistryChange | None:
            now = registry.entries.get(entry.table_id)
            if now is None or now.dropped_at_us is None or now.clones:
                return None
            return RegistryChange(RegistryAction.PURGE, entry.table_id)

        return entry.table_id not in self._registrar.change(namespace, purge, frees_space=True).entries

    def _unfinished_purges(self, namespace: Namespace) -> Iterator[tuple[str, RegistryCommit]]:
        """Tables that an interrupted purge left objects of, by id, with the commit that proves the purge."""
        registry = self._tables.registry(namespace)
        unexplained = set(self._store.folders(f"{namespace.tables_folder}/")) - registry.entries.keys()
        for version in range(registry.version, 0, -1):
            if not unexplained:
                return
            commit = self._registries.record(namespace.registry, version)
            if commit.change.action is RegistryAction.PURGE and commit.change.table_id in unexplained:
                unexplained.discard(commit.change.table_id)
                yield commit.change.table_id, commit

    def _remove_objects_of(
        self,
        namespace: Namespace,
        table_id: str,
        reason: str,
        dry_run: bool,
        before_removal: Callable[[Removal], None],
        name: str | None = None,
    ) -> PurgeResult:
        objects = self._store.list(f"{namespace.folder(table_id)}/")
        removals = tuple(Removal(entry.key, entry.bytes, reason) for entry in objects)
        if not dry_run:
            remove_objects(removals, self._store, before_removal)
            self._heads.forget(namespace.folder(table_id))
        return PurgeResult(name or table_id, dry_run, removals, sum(removal.bytes for removal in removals))


def _at(microseconds: int) -> str:
    return f"{moment(microseconds):%Y-%m-%d %H:%M:%SZ}"
