"""One attempt to commit a write: the change that its staged rows make to the newest version.

Each attempt hands on what the next one can build on if another commit comes first. See `domain.table.rebase`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from supertable.application.ports.engines import RowFinder
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.dead_rows import (
    DeadRows,
    as_positions,
    live_files,
    merged_positions,
    write_deletions,
)
from supertable.application.writes.grouped_writes import GroupedWrites
from supertable.application.writes.key_resolution import KeyResolver, Resolution
from supertable.application.writes.staged_files import Staged, StagedFileWriter, staged_scan
from supertable.application.writes.write_checks import check_restricted
from supertable.domain.errors import InvalidInput, InvalidSchema
from supertable.domain.schema.schemas import Schema, fitted_schema
from supertable.domain.schema.types import Field
from supertable.domain.table.commits import Change, Counts, Operation
from supertable.domain.table.rebase import null_violations


@dataclass(frozen=True, slots=True, eq=False)
class StagedWrite:
    """A write whose rows are staged.

    `columns`: as given. `where`: replaces the rows for which this is true. `partial`: the rows lack columns, so that
    they are completed from the newest version at every attempt. `group`: the writers, if several share the commit.
    """

    operation: Operation
    columns: list[Field]
    evolve: bool
    where: str | None
    rows: Staged
    partial: bool
    group: GroupedWrites | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """What an attempt hands on to the next one: the rows as they were staged last, and what they do to the table."""

    staged: Staged
    resolution: Resolution = field(default_factory=Resolution)


class WriteAttempts:
    def __init__(
        self,
        tables: Tables,
        stage: StagedFileWriter,
        finder: RowFinder,
        resolver: KeyResolver,
        vectors: DeletionVectors,
    ) -> None:
        self._tables = tables
        self._stage = stage
        self._finder = finder
        self._resolver = resolver
        self._vectors = vectors

    def proposals(self, write: StagedWrite) -> Callable[[OpenTable], Change]:
        """A function for `Committer.commit`, of which every call is one attempt."""
        progress = Progress(Staged(write.rows.schema, []) if write.partial else write.rows)

        def propose(newest: OpenTable) -> Change:
            nonlocal progress
            change, progress = self.attempt(newest, write, progress)
            return change

        return propose

    def attempt(self, newest: OpenTable, write: StagedWrite, last: Progress) -> tuple[Change, Progress]:
        """What the write changes in the newest version. `last`: the progress of the attempt before.

        Writes deletion vectors and, where the schema changed or rows are partial, data files. Raises `InvalidInput` and
        its kinds, `AccessDenied` and, for a group, `CannotShareCommit`.
        """
        group = write.group
        if group:
            group.check(newest, self._tables)
        check_restricted(newest, write.columns)
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
            return self._replace(newest, staged, schema, write.where), progress
        if write.operation is Operation.OVERWRITE:
            return self._overwrite(newest, staged, schema), progress
        if newest.snapshot.definition.keys:
            return self._upsert(newest, write, progress, schema)
        counts = Counts(inserted=staged.live_rows)
        return Change(write.operation, added=tuple(staged.files), schema=schema, counts=counts), progress

    def _refit(self, newest: OpenTable, write: StagedWrite, last: Progress) -> tuple[Staged, Schema | None]:
        """The staged rows under a schema that the table has, or gets by this commit; the latter is returned too."""
        snapshot, staged = newest.snapshot, last.staged
        if snapshot.schemas.get(staged.schema.id) == staged.schema:
            _check_nulls(newest, staged)
            return staged, None
        schema = fitted_schema(snapshot.schema, write.columns, write.evolve)
        if schema != staged.schema and staged.files:
            staged = self._stage.restage(newest, staged, schema)
        return staged, None if schema == snapshot.schema else schema

    def _complete(self, newest: OpenTable, write: StagedWrite, last: Progress) -> tuple[Staged, Schema | None]:
        """The whole rows that partial ones make with the newest version, in place of those made before."""
        self._stage.discard(newest, last.staged)
        schema = fitted_schema(newest.snapshot.schema, write.columns, write.evolve)
        return self._resolver.complete(newest, write.rows, schema), None if schema == newest.snapshot.schema else schema

    def _overwrite(self, newest: OpenTable, staged: Staged, schema: Schema | None) -> Change:
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
        keep_keys = write.group is not None
        resolution = self._resolver.resolve(progress.resolution, newest, staged, target, keep_keys=keep_keys)
        change = self._exchange(newest, write.operation, staged, schema, resolution.dead)
        inserted, died = change.counts.inserted, change.counts.deleted
        counts = Counts(inserted=inserted - died, updated=died)
        return replace(change, counts=counts), Progress(staged, resolution)

    def _replace(self, newest: OpenTable, staged: Staged, schema: Schema | None, where: str) -> Change:
        target = schema or newest.snapshot.schema
        self._require_all(newest, staged, where)
        predicate = self._finder.check_predicate(where, target)
        replaced = as_positions(self._finder.matching_predicate(newest.scan(schema=target), predicate))
        dead = DeadRows()
        if newest.snapshot.definition.keys:
            dead = self._resolver.resolve(Resolution(), newest, staged, target, replaced).dead
        change = self._exchange(newest, Operation.OVERWRITE, staged, schema, dead.with_rows(replaced))
        return replace(change, description=f"where {predicate.text}")

    def _exchange(
        self, newest: OpenTable, operation: Operation, staged: Staged, schema: Schema | None, dead: DeadRows
    ) -> Change:
        """Adds the staged rows and deletes those that are dead; a row that takes another's place is counted twice."""
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

    def _require_all(self, newest: OpenTable, staged: Staged, where: str) -> None:
        """Raises `InvalidInput` unless the predicate is true for every staged row."""
        predicate = self._finder.check_predicate(where, staged.schema)
        found = self._finder.matching_predicate(staged_scan(newest, staged), predicate)
        others = staged.live_rows - sum(len(rows) for rows in found.values())
        if others:
            raise InvalidInput(
                f"{others:,} of the rows given do not satisfy {predicate.text}, which they are to replace."
            )


def _check_nulls(newest: OpenTable, staged: Staged) -> None:
    forbidden = null_violations(staged.files, staged.schema, newest.snapshot.schema)
    if forbidden:
        reason = "it may not be null since a commit that came first, and is null here"
        raise InvalidSchema(", ".join(forbidden), reason)
