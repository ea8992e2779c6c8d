"""Many files as arrays, which take a fraction of the memory and time of objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.snapshot_files.differing_files import differing_paths_of
from supertable.application.storage.snapshot_files.file_table import (
    CORE,
    KINDS,
    high_name,
    low_name,
    nulls_name,
    scalar_of,
)
from supertable.application.storage.snapshot_files.parts import Part, Rows
from supertable.domain.schema.types import Scalar
from supertable.domain.table.data_files import ColumnRange, DataFile, DeletionVector
from supertable.domain.table.file_sets import FileSet, Totals

_MOST_KEPT = 4096
"""Up to so many files are kept as objects too, once one of them is read."""
_STEP = 4096
_WORD = 8
_FACTOR, _SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)


class ColumnFiles(FileSet):
    """The files of a table (see `file_table`), which has at least one. `whole`: those that are kept whole, by row."""

    def __init__(self, table: pa.Table, whole: Mapping[int, DataFile]) -> None:
        self.table = table.combine_chunks()
        self.whole = whole
        self._batch = self.table.to_batches()[0]

    @cached_property
    def totals(self) -> Totals:
        rows, dead, size = (pc.sum(self.column(name)).as_py() or 0 for name in ("rows", "vector_rows", "bytes"))
        inline = sum(file.bytes for file in self.whole.values() if not file.stored)
        return Totals(len(self), rows, dead, size, inline)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def column(self, name: str) -> Any:
        """An array; None: no file has such a value."""
        place = self._batch.schema.get_field_index(name)
        return self._batch.column(place) if place >= 0 else None

    @cached_property
    def parts(self) -> dict[int, Part]:
        """The files by the schema that they were written under."""
        written = self.column("schema_id")
        ids = pc.unique(written).to_pylist()
        if len(ids) == 1:
            return {ids[0]: Part(self._batch, np.arange(len(self)))}
        return {each: Part(self._batch, np.flatnonzero(written.to_numpy() == each)) for each in sorted(ids)}

    def at(self, rows: Rows) -> Iterator[DataFile]:
        """The files of these rows, in their order."""
        if len(self) <= _MOST_KEPT:
            yield from (self._objects[row] for row in rows.tolist())
            return
        for start in range(0, len(rows), _STEP):
            part = rows[start : start + _STEP]
            yield from self._made(part.tolist(), self._batch.select(list(CORE)).take(pa.array(part)))

    def in_order(self) -> Iterator[DataFile]:
        return self.at(np.arange(len(self)))

    def some(self, paths: Collection[str]) -> dict[str, DataFile]:
        return {file.path: file for file in self.at(self.rows_of(paths))}

    def chosen(self, paths: Collection[str]) -> Iterator[DataFile]:
        return self.at(np.sort(self.rows_of(paths)))

    def dirty(self) -> Iterator[DataFile]:
        return self.at(np.flatnonzero(self.column("vector_path").is_valid().to_numpy(zero_copy_only=False)))

    def rows_of(self, paths: Collection[str]) -> Rows:
        """The rows of those of the files that are there, in the order of the paths."""
        wanted = pa.array([path for path in paths if len(path.encode()) <= self._width], pa.string())
        hashes, rows = self._index
        sought = _hashes(wanted, self._width)
        places = np.minimum(np.searchsorted(hashes, sought), len(rows) - 1)
        found = np.where(hashes[places] == sought, rows[places], -1).astype(np.int64)
        equal = pc.equal(self.column("path").take(pa.array(rows[places])), wanted).to_numpy(zero_copy_only=False)
        for each in np.flatnonzero((found >= 0) & ~equal).tolist():
            found[each] = self._row_from(int(places[each]), wanted[each].as_py())
        return found[found >= 0]

    def differing(self, other: FileSet) -> set[str]:
        if other is self:
            return set()
        return (
            differing_paths_of(self.table, other.table) if isinstance(other, ColumnFiles) else super().differing(other)
        )

    def range_at(self, row: int, field_id: int) -> ColumnRange | None:
        column = self.column(nulls_name(field_id))
        nulls = None if column is None else column[row].as_py()
        if nulls is None:
            return None
        return ColumnRange(self._end(row, low_name, field_id), self._end(row, high_name, field_id), nulls)

    @cached_property
    def field_ids(self) -> tuple[int, ...]:
        """The columns of which some file has a range."""
        names = self._batch.schema.names
        return tuple(sorted(int(name.removeprefix("nulls:")) for name in names if name.startswith("nulls:")))

    def __getitem__(self, path: str) -> DataFile:
        rows = self.rows_of([path])
        if not len(rows):
            raise KeyError(path)
        return next(self.at(rows))

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and len(self.rows_of([path])) > 0

    def __iter__(self) -> Iterator[str]:
        paths = self.column("path")
        for start in range(0, len(self), _STEP):
            yield from paths.slice(start, _STEP).to_pylist()

    @cached_property
    def _objects(self) -> list[DataFile]:
        return list(self._made(range(len(self)), self._batch.select(list(CORE))))

    def _made(self, rows: Iterable[int], core: pa.RecordBatch) -> Iterator[DataFile]:
        columns = (core.column(name).to_pylist() for name in CORE)
        for row, path, count, size, digest, schema_id, folder, vector, dead, seal, place, whole in zip(
            rows, *columns, strict=True
        ):
            if whole:
                yield self.whole[row]
            else:
                deletes = DeletionVector(vector, dead, seal, place) if vector is not None else None
                yield DataFile(path, count, size, digest, schema_id, RangesOfRow(self, row), deletes, folder)

    def _end(self, row: int, name: Any, field_id: int) -> Scalar | None:
        for kind in KINDS:
            column = self.column(name(field_id, kind))
            if column is not None and column[row].is_valid:
                return scalar_of(kind, column[row].as_py())
        return None

    def _row_from(self, place: int, path: str) -> int:
        """The row of the path, or -1, searched from the first place of its hash on: two paths may have one hash."""
        hashes, rows = self._index
        wanted = hashes[place]
        while place < len(rows) and hashes[place] == wanted:
            row = int(rows[place])
            if self.column("path")[row].as_py() == path:
                return row
            place += 1
        return -1

    @cached_property
    def _width(self) -> int:
        return int(pc.max(pc.binary_length(self.column("path"))).as_py())

    @cached_property
    def _index(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
        """The hashes of the paths, ascending, and their rows. It is a tenth of the size of a dictionary."""
        hashes = _hashes(self.column("path"), self._width)
        rows = np.argsort(hashes, kind="stable").astype(np.int32)
        return hashes[rows], rows


class RangesOfRow(Mapping[int, ColumnRange]):
    """The ranges of one file, made when they are read."""

    __slots__ = ("_files", "_row")

    def __init__(self, files: ColumnFiles, row: int) -> None:
        self._files = files
        self._row = row

    def __getitem__(self, field_id: int) -> ColumnRange:
        found = self._files.range_at(self._row, field_id)
        if found is None:
            raise KeyError(field_id)
        return found

    def __iter__(self) -> Iterator[int]:
        return (number for number in self._files.field_ids if self._files.range_at(self._row, number) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))

    def __reduce__(self) -> tuple[type[dict[int, ColumnRange]], tuple[dict[int, ColumnRange]]]:
        return dict, (dict(self),)


def _hashes(paths: pa.Array, width: int) -> npt.NDArray[np.uint64]:
    """Hashes of paths of at most `width` bytes."""
    words = -(-max(width, 1) // _WORD)
    padded = pc.ascii_rpad(paths, words * _WORD, padding="\0")
    table = np.frombuffer(padded.buffers()[2], np.uint64, len(paths) * words).reshape(len(paths), words)
    found = np.zeros(len(paths), np.uint64)
    for word in range(words):
        found = (found ^ table[:, word]) * _FACTOR
        found ^= found >> _SHIFT
    return found
