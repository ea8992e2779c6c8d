"""Append, upsert and overwrite."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from supertable.application.commits.committer import CannotShareCommit, Committed, Committer
from supertable.application.commits.write_result import WriteResult
from supertable.application.ports.engines import RowFinder
from supertable.application.storage.arrow_batches import as_reader
from supertable.application.storage.arrow_schemas import fields_of
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.dead_rows import DeadRows
from supertable.application.writes.grouped_writes import GroupedWrites
from supertable.application.writes.key_resolution import KeyResolver
from supertable.application.writes.staged_files import Staged, StagedFileWriter, staged_scan
from supertable.application.writes.write_fit import Fit, WriteMode, missing_fields
from supertable.application.writes.write_permissions import check_restricted, check_rows
from supertable.domain.access.roles import Permission
from supertable.domain.errors import AccessDenied, InvalidInput, InvalidSchema, NotFound, NotSignedIn
from supertable.domain.schema.schemas import Schema, fitted_schema
from supertable.domain.schema.types import Field
from supertable.domain.table.commits import Change, CommitInfo, Counts, Operation
from supertable.domain.table.rebase import null_violations

_OPERATIONS = {
    WriteMode.APPEND: Operation.APPEND,
    WriteMode.UPSERT: Operation.UPSERT,
    WriteMode.OVERWRITE: Operation.OVERWRITE,
}


_WHOLE_ONLY = {WriteMode.OVERWRITE: "overwrite"}


class WriteRows:
    """On a table with keys every mode keeps one row per key: the last, or the one with the highest sequence."""

    def __init__(
        self, tables: Tables, stage: StagedFileWriter, committer: Committer, finder: RowFinder, resolver: KeyResolver
    ) -> None:
        self._tables = tables
        self._stage = stage
        self._committer = committer
        self._finder = finder
        self._resolver = resolver

    def __call__(
        self,
        namespace: Namespace,
        name: str,
        data: Any,
        mode: WriteMode,
        evolve: bool,
        info: CommitInfo,
        where: str | None = None,
    ) -> WriteResult:
        """Write all of `data` as one version, durable when this returns.

        An upsert that lacks columns keeps their values in rows that exist. An overwrite with `where` replaces the rows
        for which that is true, by rows for which it is true. Raises `InvalidInput` and its kinds for data that does not
        fit, `AccessDenied` for rows and columns that the caller may not write, and `Conflict`; nothing is then changed.
        """
        return self.into(self._tables.open(namespace, name, Permission.WRITE), data, mode, evolve, info, where)

    def into(
        self,
        table: OpenTable,
        data: Any,
        mode: WriteMode,
        evolve: bool,
        info: CommitInfo,
        where: str | None = None,
    ) -> WriteResult:
        """The same, into a table that was opened before, or has no name yet."""
        with self._committer.at_work(table):
            earlier = self._committer.earlier(table, info)
            if earlier:
                return WriteResult.of(table, earlier)
            reader = as_reader(data)
            fit = self.fit(table, reader.schema, mode, evolve, where)
            work = _Work(fit.given, evolve, _OPERATIONS[mode], where, Staged(fit.schema, []))
            return WriteResult.of(table, self._written(table, reader, fit, work, info))

    def together(self, portions: GroupedWrites, mode: WriteMode, info: CommitInfo) -> list[WriteResult]:
        """Write what several writers append or upsert as one version; the answers are in the same order.

        `info` belongs to all of them, so it has no idempotency key. Raises what any single write would raise, and
        `CannotShareCommit`; nothing is then changed.
        """
        table, rows = portions.table, portions.rows()
        with self._committer.at_work(table):
            fit = self.fit(table, rows.schema, mode)
            work = _Work(fit.given, False, _OPERATIONS[mode], None, Staged(fit.schema, []), portions=portions)
            committed = self._written(table, rows.to_reader(), fit, work, info)
        shares = committed.commit.change.shares
        return [
            WriteResult.of(part.table, replace(committed, share=share))
            for part, share in zip(portions.parts, shares, strict=True)
        ]

    @staticmethod
    def fit(table: OpenTable, given: pa.Schema, mode: WriteMode, evolve: bool = False, where: str | None = None) -> Fit:
        """How data with the columns `given` fits the table. Raises `InvalidInput` and its kinds, and `AccessDenied`."""
        fields = fields_of(given)
        check_restricted(table, fields, _WHOLE_ONLY.get(mode, "change the columns of" if evolve else ""))
        schema = fitted_schema(table.snapshot.schema, fields, evolve)
        missing = missing_fields(table, schema, [field.name for field in fields], mode, where)
        return Fit(fields, schema, missing if mode is WriteMode.UPSERT else [])

    def _written(
        self, table: OpenTable, reader: pa.RecordBatchReader, fit: Fit, work: _Work, info: CommitInfo
    ) -> Committed:
        if fit.missing:
            work.partial = self._stage(table, reader, fit.staged)
        else:
            work.staged = self._stage(table, reader, fit.staged)
        self._check_rows(table, work)
        committed = self._committer.commit(
            table,
            lambda newest: self._proposed(newest, work),
            info,
            writers=[part.table for part in work.portions.parts] if work.portions else (),
        )
        if work.partial:
            self._stage.discard(table, work.partial)
        return committed

    def _check_rows(self, table: OpenTable, work: _Work) -> None:
        staged = work.partial or work.staged
        try:
            check_rows(table, staged, self._finder)
        except AccessDenied as error:
            self._stage.discard(table, staged)
            if work.portions:
                raise CannotShareCommit from error
            raise

    def _proposed(self, newest: OpenTable, work: _Work) -> Change:
        portions = work.portions
        if portions is None:
            return self._change(newest, work)
        portions.require_new(newest)
        try:
            self._tables.recheck(portions.others())
        except (AccessDenied, NotSignedIn, NotFound) as error:
            raise CannotShareCommit from error
        return replace(self._change(newest, work), shares=portions.shares(self._finder))

    def _change(self, newest: OpenTable, work: _Work) -> Change:
        check_restricted(newest, work.given)
        schema = self._completed(newest, work) if work.partial else self._fit(newest, work)
        if work.where is not None:
            return self._replacing(newest, work, schema, work.where)
        if work.operation is Operation.OVERWRITE:
            return self._overwriting(newest, work, schema)
        if not newest.snapshot.definition.keys:
            counts = Counts(inserted=work.staged.live_rows)
            return Change(work.operation, added=tuple(work.staged.files), schema=schema, counts=counts)
        return self._upserting(newest, work, schema)

    def _fit(self, newest: OpenTable, work: _Work) -> Schema | None:
        """Bring the staged files under a schema that the table has, or gets by this commit; the latter is returned."""
        snapshot = newest.snapshot
        written = work.staged.schema
        if snapshot.schemas.get(written.id) == written:
            self._check_nulls(newest, work)
            return None
        schema = fitted_schema(snapshot.schema, work.given, work.evolve)
        if schema != written and work.staged.files:
            work.restaged(self._stage.again(newest, work.staged, schema))
        return None if schema == snapshot.schema else schema

    def _completed(self, newest: OpenTable, work: _Work) -> Schema | None:
        """Stage the whole rows that partial ones make with the newest snapshot; again whenever that changed."""
        assert work.partial is not None
        self._stage.discard(newest, work.staged)
        schema = fitted_schema(newest.snapshot.schema, work.given, work.evolve)
        work.restaged(self._resolver.completed(newest, work.partial, schema))
        return None if schema == newest.snapshot.schema else schema

    @staticmethod
    def _check_nulls(newest: OpenTable, work: _Work) -> None:
        forbidden = null_violations(work.staged.files, work.staged.schema, newest.snapshot.schema)
        if forbidden:
            reason = "it may not be null since a commit that came first, and is null here"
            raise InvalidSchema(", ".join(forbidden), reason)

    def _overwriting(self, newest: OpenTable, work: _Work, schema: Schema | None) -> Change:
        own = self._resolver.own(newest, work.staged, DeadRows())
        counts = Counts(inserted=work.staged.live_rows, deleted=newest.snapshot.rows)
        removed = tuple(newest.snapshot.files)
        return Change(work.operation, added=tuple(own), removed=removed, schema=schema, counts=counts)

    def _upserting(self, newest: OpenTable, work: _Work, schema: Schema | None) -> Change:
        met = work.portions.met if work.portions else None
        self._resolver.supersede(newest, work.staged, schema or newest.snapshot.schema, work.marks, met=met)
        dead = self._resolver.write_deletions(newest, work.marks)
        own = self._resolver.own(newest, work.staged, work.marks)
        arrived = sum(file.live_rows for file in own)
        return Change(
            work.operation,
            added=tuple(own),
            removed=dead.removed,
            deletes=dead.deletes,
            schema=schema,
            counts=Counts(inserted=arrived - dead.rows, updated=dead.rows),
        )

    def _replacing(self, newest: OpenTable, work: _Work, schema: Schema | None, where: str) -> Change:
        target = schema or newest.snapshot.schema
        self._require_all(newest, work.staged, where)
        work.marks = DeadRows()
        predicate = self._finder.check_predicate(where, target)
        replaced = self._finder.matching_predicate(newest.scan(schema=target), predicate)
        if newest.snapshot.definition.keys:
            self._resolver.supersede(newest, work.staged, target, work.marks, replaced)
        work.marks.add(replaced)
        dead = self._resolver.write_deletions(newest, work.marks)
        own = self._resolver.own(newest, work.staged, work.marks)
        return Change(
            work.operation,
            added=tuple(own),
            removed=dead.removed,
            deletes=dead.deletes,
            schema=schema,
            counts=Counts(inserted=sum(file.live_rows for file in own), deleted=dead.rows),
            description=f"where {predicate.text}",
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


@dataclass(slots=True)
class _Work:
    """One write, over the attempts that its commit takes. `partial`: staged rows of an upsert that lacks columns.

    `portions`: whose rows they are, where several writers share the commit.
    """

    given: list[Field]
    evolve: bool
    operation: Operation
    where: str | None
    staged: Staged
    partial: Staged | None = None
    marks: DeadRows = field(default_factory=DeadRows)
    portions: GroupedWrites | None = None

    def restaged(self, staged: Staged) -> None:
        self.staged = staged
        self.marks = DeadRows()
