"""The key indexes of this process, in a bounded number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence

from supertable.application.key_index.file_keys import KeysOfFiles
from supertable.application.key_index.key_words import KeyShape
from supertable.application.key_index.table_index import TableIndex

_MOST = 1_000
"""So many indexes are kept, however small they are."""


class KeyIndexes:
    """The indexes by what they are of: the folder of a table, or rows of it that some callers see.

    `most_bytes`: of all indexes together; 0: there are none. Thread-safe.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._indexes: OrderedDict[Hashable, TableIndex] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        with self._lock:
            return sum(index.bytes for index in self._indexes.values())

    def find(self, rows: Hashable, shape: KeyShape) -> TableIndex | None:
        """The index of these rows, if there is one for keys of this shape."""
        with self._lock:
            index = self._indexes.get(rows)
            if index is None or index.shape != shape:
                return None
            self._indexes.move_to_end(rows)
            return index

    def begin(self, rows: Hashable, shape: KeyShape, replaces: bool = True) -> TableIndex | None:
        """The same; a new one if there was none. None: there may be no index.

        `replaces`: whether the new one may take the place of one for keys of another shape.
        """
        if not self.most_bytes or not shape.is_indexable:
            return None
        index = self.find(rows, shape)
        if index is not None or (not replaces and rows in self._indexes):
            return index
        return self._put(rows, TableIndex(shape))

    def remember(self, rows: Hashable, shape: KeyShape, paths: Sequence[str], found: KeysOfFiles) -> None:
        """Cover these files of the table, if that fits. `found.files`: indexes in `paths`."""
        index = self.begin(rows, shape)
        if index and index.bytes + found.bytes <= self.most_bytes:
            index.add(paths, found)
            self.make_room(rows)

    def replace(self, rows: Hashable, old: TableIndex, new: TableIndex) -> TableIndex:
        """Put `new` in place of `old`. Returns the one that is there then."""
        with self._lock:
            if self._indexes.get(rows) is old:
                self._indexes[rows] = new
            return self._indexes.get(rows, new)

    def make_room(self, rows: Hashable) -> None:
        """Drop indexes until the rest fits: first those of other rows, the least recently used first."""
        with self._lock:
            total = sum(index.bytes for index in self._indexes.values())
            for other in [*(name for name in self._indexes if name != rows), rows]:
                if total <= self.most_bytes:
                    return
                total -= self._indexes.pop(other).bytes if other in self._indexes else 0

    def _put(self, rows: Hashable, index: TableIndex) -> TableIndex:
        with self._lock:
            self._indexes[rows] = index
            self._indexes.move_to_end(rows)
            while len(self._indexes) > _MOST:
                self._indexes.popitem(last=False)
            return index
