"""Rewritten files: the map from old row positions to new ones (four bytes a row), and the change that commits them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.positions import Positions
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.dead_rows import live_files
from supertable.domain.errors import ObjectDamaged
from supertable.domain.table.commits import Change, Operation
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.rebase import restored_since

_NOWHERE = -1


class RowRelocation:
    """Maps rows of `sources`, in the engine's numbering, to positions in the new files. Dead rows have none."""

    def __init__(self, sources: Sequence[DataFile], folder: str) -> None:
        self._sources = sources
        self._folder = folder
        self._starts = np.cumsum([0, *(file.rows for file in sources)])
        self._target = np.full(self._starts[-1], _NOWHERE, np.int32)
        self._placed = 0

    def recording(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The reader without its last two columns, file and row. The map is filled from them as batches are read."""
        columns = range(len(reader.schema) - 2)
        schema = pa.schema([reader.schema.field(i) for i in columns])
        return pa.RecordBatchReader.from_batches(schema, self._record_batches(reader, schema))

    def rearrange(self, orders: Iterable[np.ndarray]) -> None:
        """The rows were written in another order than they were read: see `Arrangement.orders`."""
        moved = np.empty(self._placed, np.int32)
        start = 0
        for order in orders:
            moved[start + order] = np.arange(start, start + len(order))
            start += len(order)
        placed = self._target != _NOWHERE
        self._target[placed] = moved[self._target[placed]]

    def check_complete(self) -> None:
        """Raises `ObjectDamaged` unless every live row was read exactly once."""
        for i, file in enumerate(self._sources):
            found = np.count_nonzero(self._targets_of(i) != _NOWHERE)
            if found != file.live_rows:
                reason = f"{found} live rows were found in it, and the commit recorded {file.live_rows}"
                raise ObjectDamaged(file.key(self._folder), reason)
        if self._placed != sum(file.live_rows for file in self._sources):
            raise ObjectDamaged(self._sources[0].key(self._folder), "a row of it was read twice")

    def new_positions(self, source: int, rows: Positions) -> Positions:
        """The positions, among all rows written, of rows of one source file that were live when it was read."""
        return self._targets_of(source)[rows].astype(np.int64)

    def _targets_of(self, source: int) -> np.ndarray:
        return self._target[self._starts[source] : self._starts[source + 1]]

    def _record_batches(self, reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for batch in reader:
            files, rows = (batch.column(batch.num_columns - i).to_numpy() for i in (2, 1))
            self._target[self._starts[files] + rows] = np.arange(self._placed, self._placed + batch.num_rows)
            self._placed += batch.num_rows
            yield pa.RecordBatch.from_arrays(batch.columns[:-2], schema=schema)


class SourcesChanged(Exception):
    """Another commit removed a file that was rewritten, or restored an older version."""


@dataclass(frozen=True, slots=True, eq=False)
class Rewrite:
    """New files, in the order in which they were written, and the files whose live rows they hold.

    `version`: the version of the table that the rows were read at.
    """

    version: int
    sources: Sequence[DataFile]
    files: Sequence[DataFile]
    relocation: RowRelocation

    def change(self, newest: OpenTable, vectors: DeletionVectors) -> Change:
        """The change that replaces the sources by the new files. Rows that died since they were read stay dead.

        Writes deletion vectors. Raises `SourcesChanged`.
        """
        if restored_since(newest.snapshot, self.version):
            raise SourcesChanged
        died = [
            self.relocation.new_positions(i, _died(newest, source, vectors)) for i, source in enumerate(self.sources)
        ]
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
    """Positions among all rows of `files` as positions in each file, by path. Files without any are left out."""
    ordered = np.sort(positions)
    ends = np.cumsum([file.rows for file in files])
    parts = np.split(ordered, np.searchsorted(ordered, ends[:-1]))
    return {
        file.path: part - (end - file.rows) for file, part, end in zip(files, parts, ends, strict=True) if len(part)
    }
