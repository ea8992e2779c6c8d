"""The kept rows, bounded in bytes; those that were not asked for the longest make room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from supertable.application.queries.engines import Chosen
from supertable.application.queries.kept_results.result_keys import ResultKey

LARGEST_SHARE = 8
"""A result takes at most the budget divided by this. A larger one would push out many that are asked for more often."""
_ENTRY_BYTES = 2_048
_COLUMN_BYTES = 256
"""About the memory of Python's and Arrow's objects, besides the rows: of an entry, and of a column of a batch."""


@dataclass(frozen=True, slots=True)
class KeptRows:
    """All rows of a query. `chosen`: the engine that read them. `bytes`: what they take of the budget."""

    schema: pa.Schema
    batches: tuple[pa.RecordBatch, ...]
    chosen: Chosen
    bytes: int


class Space:
    """Bytes of the budget for rows that are being read. Released once, unless the rows are kept."""

    def __init__(self, cache: ResultCache, key: ResultKey) -> None:
        self._cache = cache
        self.key = key
        self.bytes = 0

    def take(self, count: int) -> bool:
        """Take more bytes. Returns False if the result became too large; then nothing is taken any more."""
        return self._cache._take(self, count)

    def keep(self, schema: pa.Schema, batches: Sequence[pa.RecordBatch], chosen: Chosen) -> None:
        """Keep all rows of the query. No-op after the release."""
        self._cache._keep(self, schema, tuple(batches), chosen)

    def release(self) -> None:
        """No-op the second time."""
        self._cache._release(self)


class ResultCache:
    """Thread-safe. Without a budget it keeps nothing."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget = budget_bytes
        self._kept: OrderedDict[ResultKey, KeptRows] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def is_off(self) -> bool:
        return self._budget == 0

    @property
    def bytes(self) -> int:
        """The bytes of the budget that are taken, at most all."""
        return self._bytes

    def find(self, key: ResultKey) -> KeptRows | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def space(self, key: ResultKey) -> Space | None:
        """Space for the rows of a query that is about to run; None: there is none."""
        space = Space(self, key)
        return space if space.take(_ENTRY_BYTES + key.bytes) else None

    def _take(self, space: Space, count: int) -> bool:
        with self._lock:
            wanted = space.bytes + count
            if wanted <= self._budget // LARGEST_SHARE and self._make_room(count):
                space.bytes = wanted
                self._bytes += count
                return True
            self._bytes -= space.bytes
            space.bytes = 0
            return False

    def _make_room(self, count: int) -> bool:
        while self._bytes + count > self._budget:
            if not self._kept:
                return False  # the rest is of results that are being read
            self._forget(next(iter(self._kept)))
        return True

    def _keep(self, space: Space, schema: pa.Schema, batches: tuple[pa.RecordBatch, ...], chosen: Chosen) -> None:
        with self._lock:
            if not space.bytes:
                return
            if space.key in self._kept:
                self._forget(space.key)
            self._kept[space.key] = KeptRows(schema, batches, chosen, space.bytes)
            space.bytes = 0

    def _forget(self, key: ResultKey) -> None:
        self._bytes -= self._kept.pop(key).bytes

    def _release(self, space: Space) -> None:
        with self._lock:
            self._bytes -= space.bytes
            space.bytes = 0


def bytes_of(batch: pa.RecordBatch) -> int:
    """The memory of a batch. Buffers that batches share are counted for each."""
    return int(batch.get_total_buffer_size() + _COLUMN_BYTES * (1 + batch.num_columns))
