"""Attempts to commit a write: the change that its staged rows make to the newest version.

Each attempt returns the progress that the next one starts from, if another commit comes first. See
`domain.table.rebase`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from supertable.application.ports.engines.callers import Caller
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.dead_rows import (
    DeadRows,
    as_positions,
    live_files,
    merged_positions,
    write_deletions,
)
from supertable.application.writes.grouped_writes import GroupedWrites
from supertable.application.writes.keys.key_conflicts import check_no_conflict
from supertable.application.writes.keys.key_resolution import KeyResolver, Resolution
from supertable.application.writes.staged_files import StagedFiles, StagedFileWriter, staged_scan
from supertable.application.writes.write_checks import check_columns_writable
from supertable.domain.errors import InvalidInput, InvalidSchema
from supertable.domain.schema.schemas import Schema, fitted_schema, missing_columns, without
from supertable.domain.schema.types import Field
from supertable.domain.table.commits import Change, Counts, OnConflict, Operation
from supertable.domain.table.rebase import null_violations, written_before_restore


@dataclass(frozen=True, slots=True, eq=False)
class StagedWrite:
    """A write whose rows are staged.

    `columns`: those of the data. `where`: the rows to replace, for an overwrite of a part. `partial`: the staged rows
    lack columns, so every attempt completes them from the newest version. `group`: the writers, if several share the
    commit. `conflict`: what becomes of rows whose keys the table has. `caller`: who can cancel the search for the rows
    to replace.
    """

    operation: Operation
    columns: list[Field]
    evolve: bool
    where: str | None
    staged: StagedFiles
    partial: bool
    group: GroupedWrites | None = None
    conflict: OnConflict = OnConflict.REPLACE
    caller: Caller | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """What an attempt passes on to the next one: complete staged rows, and their effect on the table."""

    staged: StagedFiles
    resolution: Resolution = field(default_factory=Resolution)


class WriteAttempts:
    def __init__(
        self,
        staging: StagedFileWriter,
        finder: RowFinder,
        resolver: KeyResolver,
        vectors: DeletionVectors,
    ) -> None:
        self._staging = staging
        self._finder = finder
        self._resolver = resolver
        self._vectors = vectors

    def proposals(self, write: StagedWrite) -> Callable[[OpenTable], Change]:
        """A function for `Committer.commit`; every call of it is one attempt."""
        progress = Progress(replace(write.staged, files=[]) if write.partial else write.staged)

        def propose(newest: OpenTable) -> Change:
            nonlocal progress
            change, progress = self.attempt(newest, write, progress)
            return change

        return propose

    def attempt(self, newest: OpenTable, write: StagedWrite, last: Progress) -> tuple[Change, Progress]:
        """The change that the write makes to the newest version. `last`: the progress of the attempt before.

        Writes deletion vectors; data files too, if the schema changed or the rows are partial. Raises `InvalidInput`
        and its subclasses, `AccessDenied` and, for a group, `CannotShareCommit`.
        """
        group = write.group
        if group:
            group.check(newest)
        check_columns_writable(newest, write.columns)
        staged, schema = self._complete(newest, write, last) if write.partial else self._refit(newest, write, last)
        progress = last if staged is last.staged else Progress(staged)
        change, progress = self._change(newest, write, progress, schema)
        if group:
            change = replace(change, shares=group.shares(progress.resolution, self._finder))
        return change, progress

    def _change(
        self, newest: OpenTable, write: StagedWrite, progress: Progress, schema: Schema | None
    ) -> tuple[Change, Progress]:
        staged = progress.staged
        if write.where is not None:
            caller = write.caller or newest.caller
            return self._replace(newest, staged, schema, write.where, caller), progress
        if write.operation is Operation.OVERWRITE:
            return self._overwrite(newest, staged, schema), progress
        if newest.snapshot.definition.keys:
            return self._upsert(newest, write, progress, schema)
        counts = Counts(inserted=staged.live_rows)
        return Change(write.operation, added=tuple(staged.files), schema=schema, counts=counts), progress

    def _refit(self, newest: OpenTable, write: StagedWrite, last: Progress) -> tuple[StagedFiles, Schema | None]:
        """The staged rows under a schema of the table, or under a new one, which is returned too."""
        snapshot, staged = newest.snapshot, last.staged
        known = snapshot.schemas.get(staged.schema.id) == staged.schema
        if known and not written_before_restore(snapshot, staged.schema, staged.version):
            _check_nulls(newest, staged)
            return staged, None
        schema = fitted_schema(snapshot.schema, write.columns, write.evolve)
        if schema != staged.schema and staged.files:
            staged = self._staging.rewrite(newest, staged, schema)
        return staged, None if schema == snapshot.schema else schema

    def _complete(self, newest: OpenTable, write: StagedWrite, last: Progress) -> tuple[StagedFiles, Schema | None]:
        """Complete the partial rows from the newest version, and stage them in place of those of the last attempt."""
        self._staging.discard(newest, last.staged)
        schema = fitted_schema(newest.snapshot.schema, write.columns, write.evolve)
        given = without(schema, missing_columns(schema, [column.name for column in write.columns]))
        partial = write.staged
        if given.fields != partial.schema.fields and partial.files:
            partial = self._staging.rewrite(newest, partial, given)
        changed = None if schema == newest.snapshot.schema else schema
        return self._resolver.complete(newest, partial, schema), changed

    def _overwrite(self, newest: OpenTable, staged: StagedFiles, schema: Schema | None) -> Change:
        return Change(
            Operation.OVERWRITE,
            added=tuple(live_files(newest.folder, staged.files, staged.dead, self._vectors)),
            removed=tuple(newest.snapshot.files),
            schema=schema,
            counts=Counts(inserted=staged.live_rows, deleted=newest.snapshot.rows),
        )

    def _upsert(
        self, newest: OpenTable, write: StagedWrite, progress: Progress, schema: Schema | None
    ) -> tuple[Change, Progress]:
        staged, target = progress.staged, schema or newest.snapshot.schema
        if write.conflict is not OnConflict.REPLACE:
            return self._insert(newest, write, progress, schema)
        keep_keys = write.group is not None
        resolution = self._resolver.resolve(progress.resolution, newest, staged, target, keep_keys=keep_keys)
        change = self._exchange(newest, write.operation, staged, schema, resolution.dead)
        inserted, died = change.counts.inserted, change.counts.deleted
        counts = Counts(inserted=inserted - died, updated=died)
        return replace(change, counts=counts), Progress(staged, resolution)

    def _insert(
        self, newest: OpenTable, write: StagedWrite, progress: Progress, schema: Schema | None
    ) -> tuple[Change, Progress]:
        """Add the rows whose keys the table lacks. The others are an error, or left out."""
        staged, target = progress.staged, schema or newest.snapshot.schema
        fails = write.conflict is OnConflict.ERROR
        last = progress.resolution if fails else Resolution()  # rows that were left out may be missing by now
        resolution = self._resolver.resolve(last, newest, staged, target, keep_keys=fails)
        if fails:
            check_no_conflict(newest, resolution)
        change = self._exchange(newest, write.operation, staged, schema, DeadRows(resolution.matched))
        return change, Progress(staged, resolution)

    def _replace(
        self, newest: OpenTable, staged: StagedFiles, schema: Schema | None, where: str, caller: Caller
    ) -> Change:
        target = schema or newest.snapshot.schema
        self._require_all(newest, staged, where, caller)
        predicate = self._finder.check_predicate(where, target, caller)
        found = self._finder.matching_predicate(newest.scan(schema=target), predicate, caller)
        replaced = as_positions(found)
        dead = DeadRows()
        if newest.snapshot.definition.keys:
            dead = self._resolver.resolve(Resolution(), newest, staged, target, replaced).dead
        change = self._exchange(newest, Operation.OVERWRITE, staged, schema, dead.with_rows(replaced))
        return replace(change, description=f"where {predicate.text}")

    def _exchange(
        self, newest: OpenTable, operation: Operation, staged: StagedFiles, schema: Schema | None, dead: DeadRows
    ) -> Change:
        """Add the staged rows, delete the dead ones. A row that supersedes another counts as inserted and deleted."""
        deletions = write_deletions(newest.folder, dead.in_files_of(newest.snapshot), self._vectors)
        own = merged_positions([staged.dead, dead.positions])
        added = live_files(newest.folder, staged.files, own, self._vectors)
        return Change(
            operation,
            added=tuple(added),
            removed=deletions.removed,
            deletes=deletions.deletes,
            schema=schema,
            counts=Counts(inserted=sum(file.live_rows for file in added), deleted=deletions.rows),
        )

    def _require_all(self, newest: OpenTable, staged: StagedFiles, where: str, caller: Caller) -> None:
        """Raises `InvalidInput` unless the predicate is true for every staged row."""
        predicate = self._finder.check_predicate(where, staged.schema, caller)
        found = self._finder.matching_predicate(staged_scan(newest, staged), predicate, caller)
        others = staged.live_rows - sum(len(rows) for rows in found.values())
        if others:
            raise InvalidInput(
                f"{others:,} of the new rows do not satisfy the predicate of the rows to replace: {predicate.text}"
            )


def _check_nulls(newest: OpenTable, staged: StagedFiles) -> None:
    violations = null_violations(staged.files, staged.schema, newest.snapshot.schema)
    if violations:
        reason = "a concurrent commit forbids nulls in it, and these rows have some"
        raise InvalidSchema(", ".join(violations), reason)
