"""The key indexes of this process, in a bounded number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from supertable.application.key_index.file_keys import KeysOfFiles
from supertable.application.key_index.key_words import KeyShape
from supertable.application.key_index.table_index import TableIndex


class KeyIndexes:
    """`most_bytes`: of all indexes together; 0: there are none. Thread-safe."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._indexes: OrderedDict[str, TableIndex] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        with self._lock:
            return sum(index.bytes for index in self._indexes.values())

    def find(self, folder: str, shape: KeyShape) -> TableIndex | None:
        """The index of the table in `folder`, if there is one for keys of this shape."""
        with self._lock:
            index = self._indexes.get(folder)
            if index is None or index.shape != shape:
                return None
            self._indexes.move_to_end(folder)
            return index

    def begin(self, folder: str, shape: KeyShape, replaces: bool = True) -> TableIndex | None:
        """The same; a new one if there was none. None: there may be no index.

        `replaces`: whether the new one may take the place of one for keys of another shape.
        """
        if not self.most_bytes or not shape.is_indexable:
            return None
        index = self.find(folder, shape)
        if index is not None or (not replaces and folder in self._indexes):
            return index
        return self._put(folder, TableIndex(shape))

    def remember(self, folder: str, shape: KeyShape, paths: Sequence[str], found: KeysOfFiles) -> None:
        """Cover these files of the table, if that fits. `found.files`: indexes in `paths`."""
        index = self.begin(folder, shape)
        if index and index.bytes + found.bytes <= self.most_bytes:
            index.add(paths, found)
            self.make_room(folder)

    def replace(self, folder: str, old: TableIndex, new: TableIndex) -> TableIndex:
        """Put `new` in place of `old`. Returns the one that is there then."""
        with self._lock:
            if self._indexes.get(folder) is old:
                self._indexes[folder] = new
            return self._indexes.get(folder, new)

    def make_room(self, folder: str) -> None:
        """Drop indexes until the rest fits: first those of other tables, the least recently used first."""
        with self._lock:
            total = sum(index.bytes for index in self._indexes.values())
            for other in [*(name for name in self._indexes if name != folder), folder]:
                if total <= self.most_bytes:
                    return
                total -= self._indexes.pop(other).bytes if other in self._indexes else 0

    def _put(self, folder: str, index: TableIndex) -> TableIndex:
        with self._lock:
            self._indexes[folder] = index
            self._indexes.move_to_end(folder)
            return index
