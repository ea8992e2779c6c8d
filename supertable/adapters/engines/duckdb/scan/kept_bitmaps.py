"""Data files for engines, with the bitmaps of dead rows as the tables that queries join, each made once and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from supertable.adapters.engines.duckdb.recently_used import RecentlyUsed
from supertable.application.ports.engines.file_sources import FileSource, OpenFiles
from supertable.application.ports.engines.running_queries import Stopped
from supertable.domain.errors import ObjectDamaged
from supertable.domain.table.data_files import DataFile

_BITMAPS = pa.schema([("st_file", pa.uint64()), ("st_dead", pa.binary())])
_MOST_TABLES, _MOST_BYTES = 1_000, 32 * 1024**2


class KeptBitmaps:
    """A `FileSource` that keeps tables of bitmaps, up to `most_bytes`. Thread-safe.

    Bitmaps are verified when their table is made. A deletion vector is immutable, and its digest is part of what the
    table is kept under.
    """

    def __init__(self, stored: FileSource, most_bytes: int = _MOST_BYTES) -> None:
        self._stored = stored
        self._kept: RecentlyUsed[pa.Table] = RecentlyUsed(_MOST_TABLES, most_bytes)

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Stopped) -> OpenFiles:
        return self._stored.open(files, stopped)

    def exists(self, key: str) -> bool:
        return self._stored.exists(key)

    def inline_rows(self, folder: str, files: Sequence[DataFile]) -> pa.Table:
        return self._stored.inline_rows(folder, files)

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
