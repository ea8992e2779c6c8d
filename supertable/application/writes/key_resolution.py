"""Resolving a write's rows against those of a table with keys: which supersede which, what partial rows become."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from supertable.application.ports.engines import RowFinder
from supertable.application.storage.deletion_vectors import DeadRowsOfFile, DeletionVectors
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.dead_rows import DeadRows, DeletionResult, alive, write_deletions
from supertable.application.writes.key_bounds import key_bounds
from supertable.application.writes.staged_files import KeyChunk, Staged, StagedFileWriter, staged_scan
from supertable.domain.scan.file_pruning import pruned
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile

Met = Callable[[pa.Table, pa.Array, pa.Array], None]
"""Is told of keys, and which of them (row numbers) supersede rows of the table, or lose against them."""


class KeyResolver:
    def __init__(self, stage: StagedFileWriter, finder: RowFinder, vectors: DeletionVectors) -> None:
        self._stage = stage
        self._finder = finder
        self._vectors = vectors

    def supersede(
        self,
        newest: OpenTable,
        staged: Staged,
        schema: Schema,
        marks: DeadRows,
        gone: Mapping[str, pa.Array] | None = None,
        met: Met | None = None,
    ) -> None:
        """Mark the rows of the snapshot that staged rows supersede, and staged rows that lose against newer ones.

        Rows that are `gone` (positions by data file path) take no part. Losing depends on rows that another commit
        may have deleted: with a sequence, a changed snapshot is probed as a whole again.
        """
        if marks.probed and newest.snapshot.sequence_name:
            marks.forget()
        hidden = {path: self._hidden(newest, path, rows) for path, rows in (gone or {}).items()}
        marks.look(newest, lambda files: self._probe(newest, staged, schema, marks, files, hidden, met))

    def write_deletions(self, newest: OpenTable, marks: DeadRows) -> DeletionResult:
        """What the marks do to the files of the snapshot; writes their deletion vectors."""
        return write_deletions(newest, marks.on(newest), self._vectors)

    def own(self, newest: OpenTable, staged: Staged, marks: DeadRows) -> list[DataFile]:
        """The staged files with their own dead rows marked; writes their deletion vectors."""
        dead = {}
        for file in staged.files:
            parts = [rows for rows in (staged.dead.get(file.path), marks.positions.get(file.path)) if rows is not None]
            if parts:
                dead[file.path] = DeadRowsOfFile(file, np.unique(np.concatenate(parts)))
        none_left = {path for path, mark in dead.items() if len(mark.positions) == mark.file.rows}
        partly = {path: mark for path, mark in dead.items() if path not in none_left}
        return alive(staged.files, self._vectors.extended(newest.folder, partly), none_left)

    def completed(self, newest: OpenTable, partial: Staged, schema: Schema) -> Staged:
        """Partial rows, whose keys are unique, staged as whole rows: see `RowFinder.completed`."""
        files = {
            file.path: file
            for chunk in self._chunks(newest, partial)
            for file in self._candidates(newest, chunk, schema, list(newest.snapshot.files.values()))
        }
        current = {field.id: field for field in schema.fields}
        fields = tuple(current[field.id] for field in partial.schema.fields if field.id in current)
        given = replace(staged_scan(newest, partial), schema=replace(partial.schema, fields=fields))
        table = newest.whole_scan(files.values(), schema)
        with self._finder.completed(given, table, self._key_names(newest, schema)) as reader:
            return self._stage.resolved(newest, reader, schema)

    def _probe(
        self,
        newest: OpenTable,
        staged: Staged,
        schema: Schema,
        marks: DeadRows,
        files: list[DataFile],
        hidden: Mapping[str, bytes],
        met: Met | None,
    ) -> dict[str, pa.Array]:
        snapshot = newest.snapshot
        keys, sequence = snapshot.key_names, snapshot.sequence_name
        for chunk in self._chunks(newest, staged):
            candidates = self._candidates(newest, chunk, schema, files)
            if not candidates:
                continue
            names = {file.path for file in candidates}
            scan = newest.whole_scan(candidates, schema, {path: bits for path, bits in hidden.items() if path in names})
            found = self._finder.matching_keys(scan, chunk.keys, keys, sequence)
            marks.add(found.superseded)
            if met:
                met(chunk.keys, found.by, found.stale)
            if len(found.stale):
                marks.add_positions(chunk.file.path, chunk.rows[found.stale.to_numpy()])
        return {}

    def _hidden(self, newest: OpenTable, path: str, rows: pa.Array) -> bytes:
        mark = DeadRowsOfFile(newest.snapshot.files[path], rows.to_numpy())
        return self._vectors.with_positions(newest.folder, mark)

    def _chunks(self, newest: OpenTable, staged: Staged) -> Iterator[KeyChunk]:
        return self._stage.key_chunks(newest, staged)

    @staticmethod
    def _candidates(newest: OpenTable, chunk: KeyChunk, schema: Schema, files: list[DataFile]) -> list[DataFile]:
        bounds = key_bounds(chunk.keys, newest.snapshot.key_names, schema)
        return pruned(files, bounds, newest.snapshot.schemas, schema)

    @staticmethod
    def _key_names(newest: OpenTable, schema: Schema) -> list[str]:
        return [field.name for key in newest.snapshot.definition.keys if (field := schema.by_id(key))]
