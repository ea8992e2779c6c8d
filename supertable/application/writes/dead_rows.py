"""Collecting the rows that an upsert or delete marks dead, over as many attempts as its commit takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from supertable.application.storage.deletion_vectors import DeadRowsOfFile, DeletionVectors, Positions
from supertable.application.tables.open_table import OpenTable
from supertable.domain.table.data_files import DataFile, DeletionVector
from supertable.domain.table.rebase import restored_since, still_present, unprobed_files

Probe = Callable[[list[DataFile]], Mapping[str, pa.Array]]


@dataclass(slots=True)
class DeadRows:
    """Positions of dead rows by data file path; which files were looked into, and at which version last.

    See `domain.rebase`, rule 3.
    """

    positions: dict[str, Positions] = field(default_factory=dict)
    probed: set[str] = field(default_factory=set)
    probed_at: int = 0

    def forget(self) -> None:
        """As if nothing had been looked into."""
        self.positions.clear()
        self.probed.clear()

    def look(self, table: OpenTable, probe: Probe) -> None:
        """Probe the files of the snapshot that were not probed before."""
        if self.probed and restored_since(table.snapshot, self.probed_at):
            self.forget()
        self.probed_at = table.snapshot.version
        fresh = unprobed_files(table.snapshot, self.probed)
        if fresh:
            self.add(probe(fresh))
            self.probed.update(file.path for file in fresh)

    def add(self, found: Mapping[str, pa.Array]) -> None:
        for path, rows in found.items():
            self.add_positions(path, rows.to_numpy())

    def add_positions(self, path: str, rows: Positions) -> None:
        before = self.positions.get(path)
        self.positions[path] = rows if before is None else np.union1d(before, rows)

    def on(self, table: OpenTable) -> dict[str, DeadRowsOfFile]:
        """The marks on files that the snapshot has."""
        files = table.snapshot.files
        return {
            path: DeadRowsOfFile(files[path], self.positions[path])
            for path in still_present(table.snapshot, self.positions)
        }


@dataclass(frozen=True, slots=True)
class DeletionResult:
    """What the marks do: files that lose all their rows, new vectors of the others, and how many rows died just now."""

    removed: tuple[str, ...]
    deletes: dict[str, DeletionVector]
    rows: int


def write_deletions(table: OpenTable, marks: Mapping[str, DeadRowsOfFile], vectors: DeletionVectors) -> DeletionResult:
    """Write the deletion vectors of marked files. Rows that were dead already are not counted."""
    whole = {path: mark for path, mark in marks.items() if len(mark.positions) >= mark.file.rows}
    parts = {path: mark for path, mark in marks.items() if path not in whole}
    deletes = vectors.extended(table.folder, parts)
    removed = [*whole, *(path for path, vector in deletes.items() if vector.rows == parts[path].file.rows)]
    rows = sum(mark.file.live_rows for mark in whole.values()) + sum(
        vector.rows - (parts[path].file.rows - parts[path].file.live_rows) for path, vector in deletes.items()
    )
    kept = {path: vector for path, vector in deletes.items() if path not in removed}
    return DeletionResult(tuple(removed), kept, rows)


def alive(files: Iterable[DataFile], vectors: Mapping[str, DeletionVector], wholly_dead: set[str]) -> list[DataFile]:
    """New files with the vectors of their own dead rows; those without a live row are left out."""
    return [
        replace(file, deletes=vectors[file.path]) if file.path in vectors else file
        for file in files
        if file.path not in wholly_dead
    ]
