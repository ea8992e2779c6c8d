"""The rows that a write marks dead, and the deletion vectors that it writes for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from supertable.application.storage.deletion_vectors import DeadRowsOfFile, DeletionVectors
from supertable.application.storage.positions import Positions, distinct
from supertable.domain.table.data_files import DataFile, DeletionVector
from supertable.domain.table.rebase import still_present
from supertable.domain.table.snapshots import Snapshot


@dataclass(frozen=True, slots=True, eq=False)
class DeadRows:
    """Positions of dead rows by path of the data file. One attempt to commit passes them on to the next.

    `probed`: the data files that were searched for dead rows, by path. `version`: the version searched last; 0: none.
    See `domain.table.rebase`, rule 3.
    """

    positions: Mapping[str, Positions] = field(default_factory=dict)
    probed: Mapping[str, DataFile] = field(default_factory=dict)
    version: int = 0

    def with_probed(self, snapshot: Snapshot, found: Iterable[Mapping[str, Positions]]) -> DeadRows:
        """These rows and those `found` in the other files of the snapshot."""
        return DeadRows(merged_positions([self.positions, *found]), snapshot.files, snapshot.version)

    def with_rows(self, found: Mapping[str, Positions]) -> DeadRows:
        return replace(self, positions=merged_positions([self.positions, found]))

    def in_files_of(self, snapshot: Snapshot) -> dict[str, DeadRowsOfFile]:
        """The dead rows of files that the snapshot has, by path."""
        return {
            path: DeadRowsOfFile(snapshot.files[path], self.positions[path])
            for path in still_present(snapshot, self.positions)
        }


@dataclass(frozen=True, slots=True)
class Deletions:
    """The effect of marking rows dead.

    `removed`: paths of files without a live row left. `deletes`: the new vectors of the other files, by path. `rows`:
    how many of the rows were alive before.
    """

    removed: tuple[str, ...]
    deletes: dict[str, DeletionVector]
    rows: int


def write_deletions(folder: str, dead: Mapping[str, DeadRowsOfFile], vectors: DeletionVectors) -> Deletions:
    """Write the deletion vectors of files with dead rows, given by path. Rows that were dead before are not counted."""
    whole = {path: mark for path, mark in dead.items() if len(mark.positions) >= mark.file.rows}
    parts = {path: mark for path, mark in dead.items() if path not in whole}
    deletes = vectors.extended(folder, parts)
    removed = dict.fromkeys(
        [*whole, *(path for path, vector in deletes.items() if vector.rows == parts[path].file.rows)]
    )
    rows = sum(mark.file.live_rows for mark in whole.values()) + sum(
        vector.rows - (parts[path].file.rows - parts[path].file.live_rows) for path, vector in deletes.items()
    )
    kept = {path: vector for path, vector in deletes.items() if path not in removed}
    return Deletions(tuple(removed), kept, rows)


def live_files(
    folder: str, files: Sequence[DataFile], dead: Mapping[str, Positions], vectors: DeletionVectors
) -> list[DataFile]:
    """Write the deletion vectors of new files, and return the files with them. Files without a live row are left out.

    `dead`: unique positions by path. Paths of other files are ignored.
    """
    marked = {file.path: DeadRowsOfFile(file, dead[file.path]) for file in files if file.path in dead}
    deletions = write_deletions(folder, marked, vectors)
    removed = set(deletions.removed)
    return [
        replace(file, deletes=deletions.deletes.get(file.path, file.deletes))
        for file in files
        if file.path not in removed
    ]


def merged_positions(parts: Iterable[Mapping[str, Positions]]) -> dict[str, Positions]:
    """The union of positions by path. Positions of a path that is in several parts are unique and ascending."""
    by_path: dict[str, list[Positions]] = {}
    for part in parts:
        for path, rows in part.items():
            by_path.setdefault(path, []).append(rows)
    return {path: rows[0] if len(rows) == 1 else distinct(np.concatenate(rows)) for path, rows in by_path.items()}


def as_positions(found: Mapping[str, pa.Array]) -> dict[str, Positions]:
    return {path: rows.to_numpy() for path, rows in found.items()}
