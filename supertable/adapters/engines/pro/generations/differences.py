"""What distinguishes the rows of two versions of a table, found from their files alone, whatever the commits were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import ChangedFiles, differing_paths

Bitmap = Callable[[DataFile], bytes]
"""The dead rows of a file; see `FileSource.bitmap`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`gone`: the paths of files whose rows leave. `added`: files whose live rows come: new ones, and those that were
    in the table in another form. `died`: rows that leave files which stay, by path. `dead`: the new bitmaps by path."""

    gone: tuple[str, ...]
    added: tuple[DataFile, ...]
    died: Mapping[str, npt.NDArray[np.int32]]
    dead: Mapping[str, bytes]

    @property
    def rows(self) -> int:
        """How many rows come or die, without those of files that are gone."""
        return sum(file.live_rows for file in self.added) + sum(map(len, self.died.values()))


def difference(
    before: Mapping[str, DataFile], dead: Mapping[str, bytes], after: Mapping[str, DataFile], bitmap: Bitmap
) -> Difference:
    """`dead`: the bitmaps of the files in `before` that have dead rows, by path. Files that both have are not read."""
    old_files, new_files = ChangedFiles.of(before), ChangedFiles.of(after)
    differing = differing_paths(old_files, new_files)
    olds, news = old_files.some(differing), new_files.chosen(differing)
    gone = [path for path in olds if path not in new_files]
    added = []
    died = {}
    bitmaps = {}
    for file in news:
        path, old = file.path, olds.get(file.path)
        if old is not None and old.deletes == file.deletes and _same_object(old, file):
            continue
        if file.deletes is not None:
            bitmaps[path] = bitmap(file)
        rows = _died(old, dead.get(path), file, bitmaps.get(path)) if old is not None else None
        if rows is not None:
            died[path] = rows
            continue
        added.append(file)
        if old is not None:
            gone.append(path)
    return Difference(tuple(gone), tuple(added), died, bitmaps)


def _died(old: DataFile, before: bytes | None, new: DataFile, after: bytes | None) -> npt.NDArray[np.int32] | None:
    """The rows that are dead only in `new`; None if it is another file, or has rows that were dead."""
    if not _same_object(old, new):
        return None
    old_bits, new_bits = _bits(before, old.rows), _bits(after, new.rows)
    if (old_bits & ~new_bits & 1).any():
        return None
    return np.flatnonzero(new_bits & ~old_bits & 1).astype(np.int32)


def _same_object(old: DataFile, new: DataFile) -> bool:
    return (old.digest, old.folder, old.rows, old.schema_id) == (new.digest, new.folder, new.rows, new.schema_id)


def _bits(bitmap: bytes | None, rows: int) -> npt.NDArray[np.uint8]:
    if bitmap is None:
        return np.zeros(rows, np.uint8)
    return np.unpackbits(np.frombuffer(bitmap, np.uint8), count=rows)
