"""Data files for engines. The bitmaps of dead rows, as the tables that queries join, and the rows of many files without
objects are made once and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from supertable.adapters.engines.duckdb.recently_used import RecentlyUsed
from supertable.adapters.engines.duckdb.scan.inline_tables import InlineTable, located_rows
from supertable.application.ports.engines.file_sources import FileSource, OpenFiles
from supertable.application.ports.engines.running_queries import Stopped
from supertable.domain.errors import ObjectDamaged
from supertable.domain.table.data_files import DataFile

_BITMAPS = pa.schema([("st_file", pa.uint64()), ("st_dead", pa.binary())])
_MOST_TABLES, _MOST_BYTES = 1_000, 32 * 1024**2
_MANY_FILES, _MOST_INLINE = 16, 64


class KeptBitmaps:
    """A `FileSource` that keeps tables of bitmaps, up to `most_bytes`, and as much of inline rows. Thread-safe.

    Bitmaps are verified when their table is made. A deletion vector is immutable, and its digest is part of what the
    table is kept under. Inline rows are kept under the very list of their files, which all scans of a whole version
    share.
    """

    def __init__(self, stored: FileSource, most_bytes: int = _MOST_BYTES) -> None:
        self._stored = stored
        self._kept: RecentlyUsed[pa.Table] = RecentlyUsed(_MOST_TABLES, most_bytes)
        self._inline: RecentlyUsed[tuple[Sequence[DataFile], InlineTable]] = RecentlyUsed(_MOST_INLINE, most_bytes)

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Stopped) -> OpenFiles:
        return self._stored.open(files, stopped)

    def exists(self, key: str) -> bool:
        return self._stored.exists(key)

    def inline_rows(self, folder: str, files: Sequence[DataFile]) -> pa.Table:
        return self._stored.inline_rows(folder, files)

    def located_rows(
        self, folder: str, files: Sequence[DataFile], hidden: Mapping[str, bytes] | None, before: int
    ) -> InlineTable:
        """The rows of files without objects, with the columns that locate them.

        `hidden`: bitmaps in place of the files' own, by path; None: dead rows too. `before`: the number of the first of
        the files.
        """
        if hidden or hidden is None or len(files) < _MANY_FILES:
            return self._located_rows(folder, files, hidden, before)
        key = folder, id(files), before
        kept = self._inline.get(key)  # it has the files, so no others get their id
        if kept is None:
            kept = files, self._located_rows(folder, files, hidden, before)
            self._inline.keep(key, kept, kept[1].bytes)
        return kept[1]

    def _located_rows(
        self, folder: str, files: Sequence[DataFile], hidden: Mapping[str, bytes] | None, before: int
    ) -> InlineTable:
        dead = {} if hidden is None else self._dead_by_number(folder, files, hidden)
        return located_rows(self.inline_rows(folder, files), files, dead, before)

    def _dead_by_number(self, folder: str, files: Sequence[DataFile], hidden: Mapping[str, bytes]) -> dict[int, bytes]:
        dirty = ((number, file) for number, file in enumerate(files) if file.deletes or file.path in hidden)
        return {
            number: hidden[file.path] if file.path in hidden else self.bitmap(folder, file) for number, file in dirty
        }

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        """See `FileSource.bitmap`. Raises `ObjectDamaged` for one that lacks rows of the file."""
        bitmap = self._stored.bitmap(folder, file)
        if len(bitmap) * 8 < file.rows:
            assert file.deletes is not None
            raise ObjectDamaged(file.deletes.key(folder), "it is shorter than the data file it belongs to")
        return bitmap

    def bitmaps(self, folder: str, files: Sequence[DataFile], hidden: Mapping[str, bytes]) -> pa.Table:
        """The table of the files' bitmaps, in their order. `hidden`: bitmaps in place of the files' own, by path."""
        if any(file.path in hidden for file in files):
            return _table([hidden[file.path] if file.path in hidden else self.bitmap(folder, file) for file in files])
        key = (folder, *((file.folder, file.path, file.rows, file.deletes) for file in files))
        table = self._kept.get(key)
        if table is None:
            table = _table([self.bitmap(folder, file) for file in files])
            self._kept.keep(key, table, table.nbytes)
        return table


def _table(bitmaps: Sequence[bytes]) -> pa.Table:
    return pa.table([range(len(bitmaps)), bitmaps], schema=_BITMAPS)
