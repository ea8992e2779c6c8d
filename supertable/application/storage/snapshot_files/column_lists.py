"""Many files of a scan, of which arrays say what most queries ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.ends import Flags
from supertable.application.storage.snapshot_files.parts import Rows
from supertable.domain.scan.file_lists import FileList, bytes_of, parts_of
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import ChangedFiles, Parts

_FEW = 1024
"""Up to so many files are made at once."""
_NONE: Parts = ((), (), ())


def chosen_files(files: ChangedFiles, rows: Rows, others: Sequence[DataFile]) -> Sequence[DataFile]:
    """Those of the files in these rows of the base, which are arrays, unless they were removed; then others."""
    base = files.base
    assert isinstance(base, ColumnFiles)
    if files.removed:
        rows = np.setdiff1d(rows, base.rows_of(files.removed), assume_unique=True)
    found = ColumnList(base, rows, files.replaced, others)
    return found if len(found) > _FEW else found.made()


class ColumnList(FileList):
    """Files in some rows of arrays, ascending, and then others. `replaced`: files in their place, by path."""

    def __init__(
        self, base: ColumnFiles, rows: Rows, replaced: Mapping[str, DataFile], others: Sequence[DataFile] = ()
    ) -> None:
        self._base = base
        self._rows = rows
        self._replaced = replaced
        self._others = others

    def __len__(self) -> int:
        return len(self._rows) + len(self._others)

    def made(self) -> list[DataFile]:
        found = self._base.at(self._rows)
        if self._replaced:
            found = (self._replaced.get(file.path, file) for file in found)
        return [*found, *self._others]

    @cached_property
    def bytes(self) -> int:
        return int(self._base.column("bytes").to_numpy()[self._rows].sum()) + bytes_of(self._others)

    def parts(self, hidden: Collection[str]) -> Mapping[int, Parts]:
        schemas = self._base.column("schema_id").to_numpy()[self._rows]
        inline = self._inline()[self._rows]
        dirty = self._dirty(hidden)[self._rows] & ~inline
        others = parts_of(self._others, hidden)
        flags = (~dirty & ~inline, dirty, inline)
        return {
            number: self._parts([flag & (schemas == number) for flag in flags], others.get(number, _NONE))
            for number in {*np.unique(schemas).tolist(), *others}
        }

    def _parts(self, flags: Iterable[Flags], others: Parts) -> Parts:
        clean, dirty, inline = map(self._only, flags, others)
        return clean, dirty, inline

    def _only(self, kept: Flags, others: Sequence[DataFile]) -> ColumnList:
        return ColumnList(self._base, self._rows[kept], self._replaced, others)

    def _inline(self) -> Flags:
        """Which rows of the arrays are files without objects."""
        found = np.zeros(len(self._base), np.bool_)
        found[[row for row, file in self._base.whole.items() if not file.stored]] = True
        return found

    def _dirty(self, hidden: Collection[str]) -> Flags:
        """Which rows of the arrays are files with dead or hidden rows."""
        found: Flags = self._base.column("vector_path").is_valid().to_numpy(zero_copy_only=False)
        found = found.copy()
        found[self._base.rows_of(self._replaced)] = [file.deletes is not None for file in self._replaced.values()]
        found[self._base.rows_of(hidden)] = True
        return found
