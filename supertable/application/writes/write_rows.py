"""Append, upsert and overwrite, for one writer or a group."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from supertable.application.commits.commit_events import Writer
from supertable.application.commits.committer import CannotShareCommit, Committed, Committer
from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.engines.callers import Caller
from supertable.application.ports.engines.row_finders import RowFinder
from supertable.application.storage.arrow.arrow_schemas import fields_of_data
from supertable.application.storage.arrow_batches import as_reader
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.grouped_writes import GroupedWrites
from supertable.application.writes.keys.key_conflicts import RepeatedKeys
from supertable.application.writes.keys.keyed_rows import KeyedRows
from supertable.application.writes.staged_files import StagedFiles, StagedFileWriter
from supertable.application.writes.write_attempts import StagedWrite, WriteAttempts
from supertable.application.writes.write_checks import check_mode_allowed, check_rows_visible, fit_columns
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.roles import Permission
from supertable.domain.errors import AccessDenied, DuplicateKey
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.commits import CommitInfo, OnConflict, Operation


class WriteRows:
    """On a table with keys every mode keeps one row per key: the last one, or the one with the highest sequence."""

    def __init__(
        self,
        tables: Tables,
        staging: StagedFileWriter,
        committer: Committer,
        finder: RowFinder,
        attempts: WriteAttempts,
    ) -> None:
        self._tables = tables
        self._staging = staging
        self._committer = committer
        self._finder = finder
        self._attempts = attempts

    def __call__(
        self,
        namespace: Namespace,
        name: str,
        data: Any,
        mode: WriteMode,
        evolve: bool,
        info: CommitInfo,
        where: str | None = None,
        timezone: str = "",
        caller: Caller | None = None,
    ) -> WriteResult:
        """Write all of `data` as one version, which is durable when this returns.

        An upsert that lacks columns keeps their values in existing rows. An overwrite with `where` replaces the rows
        for which it is true; it must be true for all new rows too. `timezone`: of timestamps without a zone, where the
        table has instants; empty: they are refused. `caller`: by which the search for the rows to replace can be
        cancelled. Raises `InvalidInput` and its subclasses for data that does not fit, `AccessDenied` for rows and
        columns that the caller may not write, `IdempotencyKeyReused`, and `Conflict`; nothing is then changed.
        """
        table = self._tables.open(namespace, name, Permission.WRITE)
        return self.write_into(table, data, mode, evolve, info, where, timezone, caller=caller)

    def write_into(
        self,
        table: OpenTable,
        data: Any,
        mode: WriteMode,
        evolve: bool,
        info: CommitInfo,
        where: str | None = None,
        timezone: str = "",
        conflict: OnConflict = OnConflict.REPLACE,
        caller: Caller | None = None,
    ) -> WriteResult:
        """The same, into a table that is open already, or not registered yet.

        `conflict`: what becomes of a row whose key another row has. Raises `DuplicateKey` if that is an error.
        """
        with self._committer.protecting_new_objects(table):
            rows = KeyedRows(table, as_reader(data), mode, evolve, where, info)
            if rows.is_key_used:
                check_mode_allowed(table, fields_of_data(rows.reader.schema), mode, evolve)
                replay = self._committer.find_replay(table, rows.bound_info())
                if replay:
                    return WriteResult.of(table, replay)
            fit = fit_columns(table, rows.reader.schema, mode, evolve, where, timezone)
            staged = self._stage_rows(table, rows.reader, fit.staged_schema, timezone, conflict)
            write = StagedWrite(
                Operation(mode.value),
                fit.columns,
                evolve,
                where,
                staged,
                partial=bool(fit.missing),
                conflict=conflict,
                caller=caller,
            )
            return WriteResult.of(table, self._commit(table, write, rows.bound_info()))

    def write_together(self, group: GroupedWrites, mode: WriteMode, info: CommitInfo) -> list[WriteResult]:
        """Write the rows of several writers as one version. Returns their results in the same order.

        `mode`: append or upsert. `info` belongs to all of them, so it has no idempotency key. Raises what any single
        write would raise, and `CannotShareCommit`; nothing is then changed.
        """
        table, all_rows = group.table, group.rows()
        with self._committer.protecting_new_objects(table):
            fit = fit_columns(table, all_rows.schema, mode)
            try:
                staged = self._stage_rows(table, all_rows.to_reader(), fit.staged_schema)
            except AccessDenied as error:
                raise CannotShareCommit from error
            write = StagedWrite(Operation(mode.value), fit.columns, False, None, staged, bool(fit.missing), group)
            committed = self._commit(table, write, info)
        commit = committed.commit
        return [
            WriteResult.of(part.table, Committed(commit, committed.replayed, share))
            for part, share in zip(group.parts, commit.change.shares, strict=True)
        ]

    def _stage_rows(
        self,
        table: OpenTable,
        reader: pa.RecordBatchReader,
        schema: Schema,
        timezone: str = "",
        conflict: OnConflict = OnConflict.REPLACE,
    ) -> StagedFiles:
        """Stage the rows. Raises `AccessDenied` for rows that the caller may not write, and `DuplicateKey`, after
        discarding the files."""
        distinct = RepeatedKeys(reader, table, conflict)
        first_wins = conflict is OnConflict.NOTHING
        staged = self._staging.write(table, distinct.reader, schema, timezone, first_wins)
        try:
            distinct.check(staged)
            check_rows_visible(table, staged, self._finder)
        except (AccessDenied, DuplicateKey):
            self._staging.discard(table, staged)
            raise
        return staged

    def _commit(self, table: OpenTable, write: StagedWrite, info: CommitInfo) -> Committed:
        writers = [Writer(part.table, part.request) for part in write.group.parts] if write.group else ()
        committed = self._committer.commit(table, self._attempts.proposals(write), info, writers=writers)
        if write.partial:
            self._staging.discard(table, write.staged)
        return committed
