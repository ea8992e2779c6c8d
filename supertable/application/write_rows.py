"""Append, upsert and overwrite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa

from supertable.application.arrow_schemas import fields_of
from supertable.application.batches import as_reader
from supertable.application.committing import Committer
from supertable.application.deletion_vectors import DeletionVectors, Marked
from supertable.application.key_bounds import key_bounds
from supertable.application.marking import Marks, alive, killed
from supertable.application.ports.engines import RowFinder
from supertable.application.results import WriteResult
from supertable.application.staging import Stage, Staged
from supertable.application.tables import OpenTable, Place, Tables
from supertable.domain.commits import Change, CommitInfo, Counts, Operation
from supertable.domain.errors import InvalidInput, InvalidSchema
from supertable.domain.files import DataFile
from supertable.domain.pruning import pruned
from supertable.domain.rebase import forbidden_nulls
from supertable.domain.schemas import Schema, fitted, missing_columns, require_nullable
from supertable.domain.types import Field


class WriteMode(StrEnum):
    APPEND = "append"
    UPSERT = "upsert"
    OVERWRITE = "overwrite"


_OPERATIONS = {
    WriteMode.APPEND: Operation.APPEND,
    WriteMode.UPSERT: Operation.UPSERT,
    WriteMode.OVERWRITE: Operation.OVERWRITE,
}


class WriteRows:
    """On a table with keys every mode keeps one row per key: the last, or the one with the highest sequence."""

    def __init__(
        self, tables: Tables, stage: Stage, committer: Committer, finder: RowFinder, vectors: DeletionVectors
    ) -> None:
        self._tables = tables
        self._stage = stage
        self._committer = committer
        self._finder = finder
        self._vectors = vectors

    def __call__(
        self, place: Place, name: str, data: Any, mode: WriteMode, evolve: bool, info: CommitInfo
    ) -> WriteResult:
        """Write all of `data` as one version, durable when this returns.

        Raises `InvalidInput` and its kinds for data that does not fit, and `Conflict`; nothing is then changed.
        """
        return self.into(self._tables.open(place, name), data, mode, evolve, info)

    def into(self, table: OpenTable, data: Any, mode: WriteMode, evolve: bool, info: CommitInfo) -> WriteResult:
        """The same, into a table that was opened before, or has no name yet."""
        earlier = self._committer.earlier(table, info)
        if earlier:
            return WriteResult.of(table, earlier)
        reader = as_reader(data)
        given = fields_of(reader.schema)
        schema = fitted(table.snapshot.schema, given, evolve)
        _check(table, schema, [field.name for field in given], mode)
        work = _Work(given, evolve, _OPERATIONS[mode], self._stage(table, reader, schema))
        committed = self._committer.commit(table, lambda newest: self._change(newest, work), info)
        return WriteResult.of(table, committed)

    def _change(self, newest: OpenTable, work: _Work) -> Change:
        schema = self._fit(newest, work)
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
        schema = fitted(snapshot.schema, work.given, work.evolve)
        if schema != written and work.staged.files:
            work.restaged(self._stage.again(newest, work.staged, schema))
        return None if schema == snapshot.schema else schema

    @staticmethod
    def _check_nulls(newest: OpenTable, work: _Work) -> None:
        forbidden = forbidden_nulls(work.staged.files, work.staged.schema, newest.snapshot.schema)
        if forbidden:
            raise InvalidSchema(
                ", ".join(forbidden), "it may not be null since a commit that came first, and is null here"
            )

    def _overwriting(self, newest: OpenTable, work: _Work, schema: Schema | None) -> Change:
        own = self._own(newest, work.staged, Marks())
        counts = Counts(inserted=work.staged.live_rows, deleted=newest.snapshot.rows)
        removed = tuple(newest.snapshot.files)
        return Change(work.operation, added=tuple(own), removed=removed, schema=schema, counts=counts)

    def _upserting(self, newest: OpenTable, work: _Work, schema: Schema | None) -> Change:
        marks = work.marks
        target = schema or newest.snapshot.schema
        marks.look(newest, lambda files: self._probe(newest, work.staged, target, marks, files))
        dead = killed(newest, marks.on(newest), self._vectors)
        own = self._own(newest, work.staged, marks)
        arrived = sum(file.live_rows for file in own)
        return Change(
            work.operation,
            added=tuple(own),
            removed=dead.removed,
            deletes=dead.deletes,
            schema=schema,
            counts=Counts(inserted=arrived - dead.rows, updated=dead.rows),
        )

    def _probe(
        self, newest: OpenTable, staged: Staged, schema: Schema, marks: Marks, files: list[DataFile]
    ) -> dict[str, pa.Array]:
        snapshot = newest.snapshot
        keys, sequence = snapshot.key_names, snapshot.sequence_name
        for chunk in self._stage.key_chunks(newest, staged):
            candidates = pruned(files, key_bounds(chunk.keys, keys, schema), snapshot.schemas, schema)
            if not candidates:
                continue
            found = self._finder.matching_keys(newest.scan(candidates, schema), chunk.keys, keys, sequence)
            marks.add(found.superseded)
            if len(found.stale):
                marks.add_positions(chunk.file.path, chunk.rows[found.stale.to_numpy()])
        return {}

    def _own(self, newest: OpenTable, staged: Staged, marks: Marks) -> list[DataFile]:
        """The staged files with their own dead rows marked."""
        dead = {}
        for file in staged.files:
            parts = [rows for rows in (staged.dead.get(file.path), marks.positions.get(file.path)) if rows is not None]
            if parts:
                dead[file.path] = Marked(file, np.unique(np.concatenate(parts)))
        none_left = {path for path, mark in dead.items() if len(mark.positions) == mark.file.rows}
        partly = {path: mark for path, mark in dead.items() if path not in none_left}
        return alive(staged.files, self._vectors.extended(newest.folder, partly), none_left)


@dataclass(slots=True)
class _Work:
    """One write, over the attempts that its commit takes."""

    given: list[Field]
    evolve: bool
    operation: Operation
    staged: Staged
    marks: Marks = field(default_factory=Marks)

    def restaged(self, staged: Staged) -> None:
        self.staged = staged
        self.marks = Marks()


def _check(table: OpenTable, schema: Schema, given: Sequence[str], mode: WriteMode) -> None:
    missing = missing_columns(schema, given)
    require_nullable(missing)
    if mode is not WriteMode.UPSERT:
        return
    if not table.snapshot.definition.keys:
        raise InvalidInput(f"Table {table.name} has no key columns, so rows cannot be upserted; append them instead.")
    if missing:
        names = ", ".join(field.name for field in missing)
        raise InvalidSchema(names, "an upsert replaces whole rows, so the data must have every column of the table")
