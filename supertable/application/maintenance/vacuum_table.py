"""Vacuum: expires older versions and removes what no kept version needs. `domain.maintenance.vacuum` has the rules.

The order makes it safe:
1. A commit expires the versions. Later restores and time travel see it; those in flight lose the race and see it too.
2. Queries that began earlier hold leases, and earlier pins are in the registry. Both are checked after the commit.
3. Objects that are not needed are removed, and values of rows from the records. After a crash the next vacuum removes
   the rest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from supertable.application.commits.committer import Committer
from supertable.application.maintenance.active_readers import ActiveReaders, active_readers
from supertable.application.maintenance.record_values import RecordValues
from supertable.application.maintenance.vacuum_plan import VacuumPlan
from supertable.application.ports.clocks import Clock
from supertable.application.ports.codecs import DocumentCodec
from supertable.application.ports.leases import Leases
from supertable.application.ports.object_stores import ObjectStore, StoredObject
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.access.roles import Permission
from supertable.domain.maintenance.record_values import ValueIndex, sizes_without
from supertable.domain.maintenance.vacuum import (
    GRACE_SECONDS,
    Removal,
    Span,
    checkpoint_reason,
    mentioned_paths,
    merged,
    needed_paths,
    orphaned_reason,
    served_by_earlier,
    superseded_checkpoints,
    superseded_reason,
)
from supertable.domain.storage_layout import DATA_FOLDER, DELETES_FOLDER, checkpoint_key, file_key, path_of
from supertable.domain.table.commits import Change, Commit, CommitInfo, Operation
from supertable.domain.table.maintenance_policy import checked_retention
from supertable.domain.table.snapshots import Snapshot

WAIT_SECONDS = 5.0
_BATCH_OBJECTS = 500


@dataclass(frozen=True, slots=True)
class VacuumResult:
    """`oldest`: the first kept version (tags and clones may pin older ones). `version`: the newest version.

    `removed`: objects that were removed, or in a dry run would be. `emptied`: records that rows and column ranges were
    taken out of, with the bytes of the rows. `bytes_in_use`: bytes that running queries still need. `waiting`: a lease
    did not report in time what it reads, so nothing was removed; a later vacuum will.
    """

    table: str
    version: int
    oldest: int
    dry_run: bool
    removed: tuple[Removal, ...]
    bytes_removed: int
    bytes_in_use: int
    waiting: bool
    emptied: tuple[Removal, ...] = ()


class VacuumTable:
    def __init__(
        self,
        tables: Tables,
        snapshots: VersionedLog[Commit, Snapshot],
        heads: Heads,
        committer: Committer,
        store: ObjectStore,
        leases: Leases,
        clock: Clock,
        indexes: DocumentCodec[ValueIndex],
    ) -> None:
        self._tables = tables
        self._snapshots = snapshots
        self._heads = heads
        self._committer = committer
        self._store = store
        self._leases = leases
        self._clock = clock
        self._indexes = indexes

    def __call__(
        self,
        namespace: Namespace,
        name: str,
        retention_seconds: float | None = None,
        dry_run: bool = False,
        grace_seconds: float = GRACE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        before_removal: Callable[[Removal], None] = lambda removal: None,
    ) -> VacuumResult:
        """Expire versions replaced at least `retention_seconds` ago (None: by the policy); remove what only they need.

        Makes a version only if that frees something. `grace_seconds`: how old an object must be that no version refers
        to. `wait_seconds`: how long to wait for leases that have not reported what they read. `before_removal` is
        called with each object and may raise to stop. Raises `TableNotFound`, `InvalidSetting`, and `Damaged` if the
        needed objects cannot be determined; nothing is then removed.
        """
        table = self._tables.open(namespace, name, Permission.CONTROL)
        return self.run(table, retention_seconds, dry_run, grace_seconds, wait_seconds, before_removal)

    def run(
        self,
        table: OpenTable,
        retention_seconds: float | None = None,
        dry_run: bool = False,
        grace_seconds: float = GRACE_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
        before_removal: Callable[[Removal], None] = lambda removal: None,
    ) -> VacuumResult:
        """The same for an open table."""
        policy = table.snapshot.definition.maintenance
        retention = checked_retention(policy.retention_seconds if retention_seconds is None else retention_seconds)
        now_us = self._clock.now_us()
        cutoff_us = now_us - round(retention * 1_000_000)
        values = RecordValues(self._snapshots, self._store, self._indexes, table.folder, now_us)
        plan = self._plan(table, values, self._newest_at(table, cutoff_us), self._active_readers(0), grace_seconds)
        if dry_run:
            return _result(table, plan, dry_run)
        if plan.is_empty:
            values.save()
            return _result(table, replace(plan, oldest=table.snapshot.oldest), dry_run)
        self._expire_versions(table, cutoff_us)
        readers = self._active_readers(wait_seconds)
        table = self._tables.newest(table)
        plan = self._plan(table, values, table.snapshot.oldest, readers, grace_seconds)
        if not readers.complete:
            return _result(table, replace(plan, objects=(), checkpoints=(), values={}, waiting=True), dry_run)
        self._carry_out(table, plan, values, before_removal)
        return _result(table, plan, dry_run)

    def _carry_out(
        self, table: OpenTable, plan: VacuumPlan, values: RecordValues, before_removal: Callable[[Removal], None]
    ) -> None:
        """In the order of rule 6."""
        remove_objects(plan.objects, self._store, before_removal)
        for version in plan.new_checkpoints:
            self._snapshots.write_checkpoint(table.folder, version)
        remove_objects(plan.checkpoints, self._store, before_removal)
        if plan.values:
            self._heads.forget_records(table.folder, plan.oldest)
            values.take_out(plan.values)
        values.save()

    def _active_readers(self, wait_seconds: float) -> ActiveReaders:
        return active_readers(self._leases, self._clock, wait_seconds)

    def _newest_at(self, table: OpenTable, at_us: int) -> int:
        """The version that was the newest at that moment, or the oldest kept version if that is later."""
        kept = range(table.snapshot.oldest, table.snapshot.version)
        if table.snapshot.committed_at_us <= at_us:
            return table.snapshot.version
        times = bisect_right(kept, at_us, key=lambda version: self._record(table, version).committed_at_us)
        return max(table.snapshot.oldest + times - 1, table.snapshot.oldest)

    def _expire_versions(self, table: OpenTable, cutoff_us: int) -> None:
        def change(newest: OpenTable) -> Change:
            oldest = self._newest_at(newest, cutoff_us)
            if oldest <= newest.snapshot.oldest:
                raise _NothingToExpire
            return Change(Operation.VACUUM, oldest=oldest, description=f"versions before {oldest} expired")

        try:
            self._committer.commit(table, change, CommitInfo(), frees_space=True)
        except _NothingToExpire:
            pass

    def _plan(
        self, table: OpenTable, values: RecordValues, oldest: int, readers: ActiveReaders, grace_seconds: float
    ) -> VacuumPlan:
        newest = table.snapshot.version
        versions = [(oldest, newest), *((version, version) for version in table.entry.pinned)]
        kept = merged(versions)
        needed = self._needed(table, kept)
        unneeded = {
            path: entry
            for folder in (DATA_FOLDER, DELETES_FOLDER)
            for entry in self._store.list(f"{file_key(table.folder, folder)}/")
            if (path := path_of(table.folder, entry.key)) not in needed
        }
        rows = values.unneeded(oldest, needed)
        read = self._needed(table, merged(readers.spans.get(table.folder, ()))) if unneeded or rows else set()
        in_use = sum(entry.bytes for path, entry in unneeded.items() if path in read)
        in_use += sum(size for sizes in rows.values() for path, size in sizes.items() if path in read)
        free = {path: entry for path, entry in unneeded.items() if path not in read}
        rows = {version: left for version, sizes in rows.items() if (left := sizes_without(sizes, read))}
        before_us = min(self._clock.now_us() - round(grace_seconds * 1_000_000), readers.since_us)
        checkpoints = self._heads.checkpoints(table.folder)
        new = self._stale_firsts(table, served_by_earlier(checkpoints, kept), needed) if rows else []
        superseded = superseded_checkpoints([*checkpoints, *new], kept)
        return VacuumPlan(
            folder=table.folder,
            oldest=oldest,
            objects=list(self._removable_objects(table, oldest, free, before_us, grace_seconds)),
            checkpoints=list(self._removable_checkpoints(table, oldest, superseded)),
            new_checkpoints=new,
            values=rows,
            in_use=in_use,
        )

    def _needed(self, table: OpenTable, spans: list[Span]) -> set[str]:
        """See `needed_paths`. Versions newer than `table` are skipped: they add only new ones."""
        needed: set[str] = set()
        newest = table.snapshot.version
        for first, last in spans:
            if first <= newest:
                start = table.snapshot if first == newest else self._snapshots.state(table.folder, first)
                commits = self._snapshots.records(table.folder, range(first + 1, min(last, newest) + 1))
                needed |= needed_paths(table.folder, start, commits)
        return needed

    def _stale_firsts(self, table: OpenTable, served_by: Mapping[int, int], needed: set[str]) -> list[int]:
        """The versions whose checkpoint has files that are not needed. `served_by`: the checkpoint of each."""
        return [
            version
            for version, checkpoint in served_by.items()
            if not needed.issuperset(self._snapshots.state(table.folder, checkpoint).files)
        ]

    def _removable_objects(
        self, table: OpenTable, oldest: int, free: dict[str, StoredObject], before_us: int, grace_seconds: float
    ) -> Iterator[Removal]:
        """The unused objects that may be removed, with the proof: what the log says of each, or else its age."""
        unexplained = dict(free)
        commits = self._snapshots.records(table.folder, range(table.snapshot.version, 0, -1))
        while unexplained and (commit := next(commits, None)) is not None:
            for path, mention in mentioned_paths(table.folder, commit):
                entry = unexplained.pop(path, None)
                if entry is not None:
                    yield Removal(entry.key, entry.bytes, superseded_reason(mention, oldest))
        for entry in unexplained.values():
            if entry.modified_at_us < before_us:
                yield Removal(entry.key, entry.bytes, orphaned_reason(grace_seconds))

    def _removable_checkpoints(self, table: OpenTable, oldest: int, versions: Iterable[int]) -> Iterator[Removal]:
        for version in versions:
            key = checkpoint_key(table.folder, version)
            yield Removal(key, self._store.size(key) or 0, checkpoint_reason(version, oldest))

    def _record(self, table: OpenTable, version: int) -> Commit:
        return self._snapshots.record(table.folder, version)


def remove_objects(removals: Sequence[Removal], store: ObjectStore, before_removal: Callable[[Removal], None]) -> None:
    """Remove the objects in batches; `before_removal` is called with each object of a batch first."""
    for start in range(0, len(removals), _BATCH_OBJECTS):
        part = removals[start : start + _BATCH_OBJECTS]
        for removal in part:
            before_removal(removal)
        store.delete([removal.key for removal in part])


class _NothingToExpire(Exception):
    """No version is old enough, or another vacuum expired them."""


def _result(table: OpenTable, plan: VacuumPlan, dry_run: bool) -> VacuumResult:
    return VacuumResult(
        table=table.name,
        version=table.snapshot.version,
        oldest=plan.oldest,
        dry_run=dry_run,
        removed=plan.removals,
        bytes_removed=sum(removal.bytes for removal in (*plan.removals, *plan.emptied)),
        bytes_in_use=plan.in_use,
        waiting=plan.waiting,
        emptied=plan.emptied,
    )
