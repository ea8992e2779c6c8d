"""Purging dropped tables: their name in the registry first, for ever, then every object in their folder.

A table that a clone was made of stays for as long as the clone, whose files it holds. Nobody can begin to read a
dropped table; whoever began before holds a lease, which is looked at before the table is struck from the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from supertable.application.commits.registrar import Registrar
from supertable.application.maintenance.active_readers import active_readers
from supertable.application.maintenance.vacuum_table import WAIT_SECONDS, removed
from supertable.application.ports.clocks import Clock
from supertable.application.ports.leases import Leases
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.table.maintenance_policy import RETENTION_SECONDS, checked_retention
from supertable.domain.table.registry import Registry, RegistryAction, RegistryChange, RegistryCommit, TableEntry
from supertable.domain.table.vacuum import Removal
from supertable.domain.timestamps import moment


@dataclass(frozen=True, slots=True)
class PurgeResult:
    """A dropped table that went, or in a dry run would go, with all its versions."""

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
        removing: Callable[[Removal], None] = lambda removal: None,
    ) -> list[PurgeResult]:
        """Purge what was dropped at least `retention_seconds` ago (None: seven days), and what an earlier purge left.

        Tables that are still being read are left to the next time.
        """
        retention = checked_retention(RETENTION_SECONDS if retention_seconds is None else retention_seconds)
        cutoff_us = self._clock.now_us() - round(retention * 1_000_000)
        results = [
            self._emptied(
                namespace, table_id, f"of a table that was purged {_at(commit.committed_at_us)}", dry_run, removing
            )
            for table_id, commit in self._left_behind(namespace)
        ]
        gone: set[str] = set()
        while due := self._due(namespace, cutoff_us, gone):
            for entry in due:
                gone.add(entry.table_id)
                if dry_run or self._struck(namespace, entry, wait_seconds):
                    reason = (
                        f"of table {entry.name}, which was dropped {_at(entry.dropped_at_us or 0)}; no clone needs it"
                    )
                    results.append(self._emptied(namespace, entry.table_id, reason, dry_run, removing, entry.name))
        return results

    def _due(self, namespace: Namespace, cutoff_us: int, gone: set[str]) -> list[TableEntry]:
        """Those whose clones are gone, if only by this very purge."""
        return [
            entry
            for entry in self._tables.registry(namespace).dropped
            if (entry.dropped_at_us or 0) <= cutoff_us and entry.table_id not in gone and not entry.clones.keys() - gone
        ]

    def _struck(self, namespace: Namespace, entry: TableEntry, wait_seconds: float) -> bool:
        reading = active_readers(self._leases, self._clock, wait_seconds)
        if not reading.settled or namespace.folder(entry.table_id) in reading.spans:
            return False

        def purge(registry: Registry) -> RegistryChange | None:
            now = registry.entries.get(entry.table_id)
            if now is None or now.dropped_at_us is None or now.clones:
                return None
            return RegistryChange(RegistryAction.PURGE, entry.table_id)

        return entry.table_id not in self._registrar.change(namespace, purge).entries

    def _left_behind(self, namespace: Namespace) -> Iterator[tuple[str, RegistryCommit]]:
        """Folders that a purge did not come to the end of, with its commit as the proof that they may go."""
        registry = self._tables.registry(namespace)
        unknown = set(self._store.folders(f"{namespace.tables_folder}/")) - registry.entries.keys()
        for version in range(registry.version, 0, -1):
            if not unknown:
                return
            commit = self._registries.record(namespace.registry, version)
            if commit.change.action is RegistryAction.PURGE and commit.change.table_id in unknown:
                unknown.discard(commit.change.table_id)
                yield commit.change.table_id, commit

    def _emptied(
        self,
        namespace: Namespace,
        table_id: str,
        reason: str,
        dry_run: bool,
        removing: Callable[[Removal], None],
        name: str | None = None,
    ) -> PurgeResult:
        objects = self._store.list(f"{namespace.folder(table_id)}/")
        removals = tuple(Removal(entry.key, entry.bytes, reason) for entry in objects)
        if not dry_run:
            removed(removals, self._store, removing)
            self._heads.forget(namespace.folder(table_id))
        return PurgeResult(name or table_id, dry_run, removals, sum(removal.bytes for removal in removals))


def _at(microseconds: int) -> str:
    return f"{moment(microseconds):%Y-%m-%d %H:%M:%SZ}"
