"""Rewritten files: where their rows went, and what a commit makes of it. The map takes four bytes a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from supertable.application.storage.deletion_vectors import DeletionVectors, Positions
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.dead_rows import live_files
from supertable.domain.errors import ObjectDamaged
from supertable.domain.table.commits import Change, Operation
from supertable.domain.table.data_files import DataFile

_NOWHERE = -1


class RowRelocation:
    """`sources` are in the order in which the engine numbers them. Rows that were dead have no new position."""

    def __init__(self, sources: Sequence[DataFile], folder: str) -> None:
        self._sources = sources
        self._folder = folder
        self._starts = np.cumsum([0, *(file.rows for file in sources)])
        self._target = np.full(self._starts[-1], _NOWHERE, np.int32)
        self._placed = 0

    def passing(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The reader's rows without its last two columns, file and row, from which the map is made as they pass."""
        columns = range(len(reader.schema) - 2)
        schema = pa.schema([reader.schema.field(i) for i in columns])
        return pa.RecordBatchReader.from_batches(schema, self._noting(reader, schema))

    def check_complete(self) -> None:
        """Raises `ObjectDamaged` unless every live row came, and came once."""
        for i, file in enumerate(self._sources):
            found = np.count_nonzero(self._of(i) != _NOWHERE)
            if found != file.live_rows:
                reason = f"{found} live rows were found in it, and the commit recorded {file.live_rows}"
                raise ObjectDamaged(file.key(self._folder), reason)
        if self._placed != sum(file.live_rows for file in self._sources):
            raise ObjectDamaged(self._sources[0].key(self._folder), "a row of it was read twice")

    def moved(self, source: int, rows: Positions) -> Positions:
        """The new positions, among all rows written, of rows of one source that were live."""
        return self._of(source)[rows].astype(np.int64)

    def _of(self, source: int) -> np.ndarray:
        return self._target[self._starts[source] : self._starts[source + 1]]

    def _noting(self, reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for batch in reader:
            files, rows = (batch.column(batch.num_columns - i).to_numpy() for i in (2, 1))
            self._target[self._starts[files] + rows] = np.arange(self._placed, self._placed + batch.num_rows)
            self._placed += batch.num_rows
            yield pa.RecordBatch.from_arrays(batch.columns[:-2], schema=schema)


class SourcesChanged(Exception):
    """Another commit removed a file that was rewritten, or revived rows of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Rewrite:
    """New files, in the order in which rows were written to them, and the files whose live rows they hold."""

    sources: Sequence[DataFile]
    files: Sequence[DataFile]
    relocation: RowRelocation

    def change(self, newest: OpenTable, vectors: DeletionVectors) -> Change:
        """The new files in place of the sources; rows that died in those since they were read are dead in the new ones.

        Writes deletion vectors. Raises `SourcesChanged`.
        """
        died = [self.relocation.moved(i, _died(newest, source, vectors)) for i, source in enumerate(self.sources)]
        dead = split(np.concatenate(died), self.files)
        return Change(
            Operation.COMPACT,
            added=tuple(live_files(newest.folder, self.files, dead, vectors)),
            removed=tuple(file.path for file in self.sources),
        )


def _died(newest: OpenTable, source: DataFile, vectors: DeletionVectors) -> Positions:
    """Positions of the rows that died in a source file since it was read. Raises `SourcesChanged`."""
    now = newest.snapshot.files.get(source.path)
    if now is None:
        raise SourcesChanged
    if now.deletes == source.deletes:
        return np.empty(0, np.int64)
    before, after = (vectors.bitmap(newest.folder, file) for file in (source, now))
    died = newly_dead(before, after, source.rows)
    if died is None:
        raise SourcesChanged
    return died


def newly_dead(before: bytes, after: bytes, rows: int) -> Positions | None:
    """The positions dead in the bitmap `after` and not in `before`; None if a row is alive again."""
    was, now = (np.frombuffer(bitmap, dtype=np.uint8) for bitmap in (before, after))
    if (was & ~now).any():
        return None
    return np.flatnonzero(np.unpackbits(now & ~was, count=rows))


def split(positions: Positions, files: Sequence[DataFile]) -> dict[str, Positions]:
    """Positions among all the rows of `files` as positions in each file, by path; files without one are left out."""
    ordered = np.sort(positions)
    ends = np.cumsum([file.rows for file in files])
    parts = np.split(ordered, np.searchsorted(ordered, ends[:-1]))
    return {
        file.path: part - (end - file.rows) for file, part, end in zip(files, parts, ends, strict=True) if len(part)
    }
