"""Attempts to commit an UPDATE, MERGE or DELETE: each runs the whole statement at the newest version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from supertable.application.ports.engines.callers import Caller
from supertable.application.ports.engines.parsed_statements import Parameters
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.ports.engines.sources import Given, Source
from supertable.application.ports.engines.updates import ActionKind, CheckedUpdate, HeldRows, RowHolder
from supertable.application.ports.readers import TextValues
from supertable.application.queries.engines import Chosen
from supertable.application.queries.relations.updated_table import UpdatedTable
from supertable.application.queries.run_query import PreparedQuery, RunQuery
from supertable.application.storage.deletion_vectors import DeadRowsOfFile, DeletionVectors
from supertable.application.storage.positions import Positions
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.updates.column_checks import check_statement, sets_keys, written_names
from supertable.application.updates.new_values import NewValues, new_values
from supertable.application.updates.update_checks import (
    adds_keys,
    check_keys_unique,
    check_one_action_per_row,
)
from supertable.application.writes.dead_rows import write_deletions
from supertable.application.writes.keys.key_resolution import KeyResolver
from supertable.application.writes.staged_files import StagedFiles, StagedFileWriter
from supertable.application.writes.write_checks import check_rows_visible
from supertable.domain.engine_choice import EngineName
from supertable.domain.errors import InvalidInput
from supertable.domain.scan.scan_plan import ROWS_OF_FILE, Scan
from supertable.domain.table.commits import Change, Counts, Operation, Tombstone
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import added_since
from supertable.domain.table.rebase import only_added_files
from supertable.domain.table.snapshots import Snapshot

_NO_KEY = (
    "An idempotency key belongs to the text of the statement, which does not say what a frame or file holds. Write its "
    "rows to a table first, or leave out the key. Nothing was changed."
)


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """`caller`: by which the query can be cancelled. `has_key`: whether an idempotency key belongs to the statement.

    `engine`: the one that the caller asks for; None: none.
    """

    namespace: Namespace
    statement: CheckedUpdate
    parameters: Parameters
    limits: Limits
    caller: Caller
    has_key: bool
    engine: EngineName | None = None

    def sees_single_rows(self, table: OpenTable) -> bool:
        """Whether what happens to a row depends on that row alone. A new key depends on the keys of all rows."""
        if self.statement.operation is Operation.MERGE or len(self.statement.query.relations) > 1:
            return False
        return not any(sets_keys(table, written_names(action, table)) for action in self.statement.actions)


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """What the statement does at the version `snapshot`: its change, and the files with the new rows.

    `chosen`: the engine that ran its query.
    """

    snapshot: Snapshot
    staged: StagedFiles
    change: Change
    chosen: Chosen

    def extended_by(self, later: Attempt) -> Attempt:
        """This attempt, and what the statement does to rows that were added since."""
        one, other = self.change, later.change
        staged = replace(later.staged, files=[*self.staged.files, *later.staged.files])
        counts = Counts(
            one.counts.inserted + other.counts.inserted,
            one.counts.updated + other.counts.updated,
            one.counts.deleted + other.counts.deleted,
        )
        change = replace(
            other,
            added=one.added + other.added,
            removed=one.removed + other.removed,
            deletes={**one.deletes, **other.deletes},
            counts=counts,
        )
        return Attempt(later.snapshot, staged, change, later.chosen)


@dataclass(frozen=True, slots=True)
class _Located:
    """The rows of the table that change. `positions`: by the number of the file. `rows`: how many, by action."""

    positions: dict[int, Positions]
    rows: Counter[int]


class UpdateAttempts:
    def __init__(
        self,
        run_query: RunQuery,
        holder: RowHolder,
        staging: StagedFileWriter,
        finder: RowFinder,
        resolver: KeyResolver,
        vectors: DeletionVectors,
        text_values: TextValues,
    ) -> None:
        self._run_query = run_query
        self._holder = holder
        self._staging = staging
        self._finder = finder
        self._resolver = resolver
        self._vectors = vectors
        self._text_values = text_values

    def attempt(self, newest: OpenTable, request: UpdateRequest, last: Attempt | None) -> Attempt:
        """The statement at the newest version. `last`: the attempt before, whose files are kept or deleted.

        Raises what a query raises, `InvalidInput` and its subclasses, and `AccessDenied`.
        """
        if last is not None and last.snapshot.version == newest.snapshot.version:
            return last
        check_statement(newest, request.statement)
        if last is not None and request.sees_single_rows(newest) and only_added_files(last.snapshot, newest.snapshot):
            added = added_since(last.snapshot.files, newest.snapshot.files)
            return last.extended_by(self._run(newest, request, frozenset(added)))
        if last is not None:
            self._staging.discard(newest, last.staged)
        return self._run(newest, request, None)

    def _run(self, newest: OpenTable, request: UpdateRequest, files: frozenset[str] | None) -> Attempt:
        with self._new_rows(newest, request, files) as (query, values, held):
            located_in = _files(query.sources[request.statement.target])
            change, staged = self._change(newest, request.statement, values, held, located_in)
            return Attempt(newest.snapshot, staged, change, query.chosen)

    @contextmanager
    def _new_rows(
        self, newest: OpenTable, request: UpdateRequest, only: frozenset[str] | None
    ) -> Iterator[tuple[PreparedQuery, NewValues, HeldRows]]:
        """Runs the query. Yields it, and its values.

        `only`: the paths of the files whose rows may change; None: all.
        """
        statement = request.statement
        updated = UpdatedTable(statement.target, statement.row_id, newest, only)
        query = self._run_query.prepare_update(
            request.namespace, statement, request.parameters, updated, request.engine
        )
        running = self._run_query.run(query, request.parameters, request.limits)
        try:
            if request.has_key and any(isinstance(source, Given) for source in query.sources.values()):
                raise InvalidInput(_NO_KEY)
            with request.caller.may_cancel(running.cancel):
                reader = running.reader
                values = new_values(statement.actions, newest, reader.schema, self._text_values)
                with self._holder.hold(values.fields) as held:
                    for batch in reader:
                        held.add(values.fitted(batch))
                    yield query, values, held
        finally:
            running.close()

    def _change(
        self,
        newest: OpenTable,
        statement: CheckedUpdate,
        values: NewValues,
        held: HeldRows,
        files: Sequence[DataFile],
    ) -> tuple[Change, StagedFiles]:
        located = _located(held)
        replaced = {files[number].path: rows for number, rows in located.positions.items()}
        staged = self._staged(newest, values, held, files, located)
        try:
            check_rows_visible(newest, staged, self._finder)
            if adds_keys(newest, values):
                check_keys_unique(newest, staged, replaced, self._resolver, self._finder)
        except BaseException:
            self._staging.discard(newest, staged)
            raise
        dead = {path: DeadRowsOfFile(newest.snapshot.files[path], rows) for path, rows in replaced.items()}
        deletions = write_deletions(newest.folder, dead, self._vectors)
        return (
            Change(
                statement.operation,
                added=tuple(staged.files),
                removed=deletions.removed,
                deletes=deletions.deletes,
                tombstone=_tombstone(statement),
                counts=_counts(values, located, staged.live_rows),
            ),
            staged,
        )

    def _staged(
        self,
        newest: OpenTable,
        values: NewValues,
        held: HeldRows,
        files: Sequence[DataFile],
        located: _Located,
    ) -> StagedFiles:
        """The new rows, complete, as files."""
        schema = newest.snapshot.schema
        plan = values.plan()
        if not plan.updates | plan.inserts:
            return StagedFiles(schema, [], newest.snapshot.version)
        numbers = {files[number].path: number for number in located.positions}
        table = newest.unrestricted_scan([file for file in files if file.path in numbers])
        rows = held.completed(table, [numbers[file.path] for file in table.files], plan)
        return self._staging.write_unique(newest, rows, schema)


def _files(source: Source) -> Sequence[DataFile]:
    """The files by whose numbers the query locates rows."""
    assert isinstance(source, Scan)
    return source.files


def _located(held: HeldRows) -> _Located:
    """Raises `InvalidInput` if a row would change twice."""
    found: dict[int, list[Positions]] = {}
    counts: Counter[int] = Counter()
    last = np.array([-1])
    for batch in held.located():
        rows = batch.column(0).to_numpy()
        check_one_action_per_row(np.concatenate([last, rows]))
        last = rows[-1:]
        actions, of_each = np.unique(batch.column(1).to_numpy(), return_counts=True)
        counts.update(dict(zip(actions.tolist(), of_each.tolist(), strict=True)))
        numbers, positions = rows // ROWS_OF_FILE, rows % ROWS_OF_FILE
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        for start, part in zip(starts, np.split(positions, starts[1:]), strict=True):
            found.setdefault(int(numbers[start]), []).append(part)
    return _Located({number: np.concatenate(parts) for number, parts in found.items()}, counts)


def _tombstone(statement: CheckedUpdate) -> Tombstone | None:
    is_delete = statement.operation is Operation.DELETE
    return Tombstone(statement.condition or "true", None, reason="") if is_delete else None


def _counts(values: NewValues, located: _Located, made: int) -> Counts:
    """`made`: the number of new rows."""
    of_kind = dict.fromkeys(ActionKind, 0)
    for number, action in enumerate(values.actions):
        of_kind[action.kind] += located.rows[number]
    updated = of_kind[ActionKind.UPDATE]
    return Counts(inserted=made - updated, updated=updated, deleted=of_kind[ActionKind.DELETE])
