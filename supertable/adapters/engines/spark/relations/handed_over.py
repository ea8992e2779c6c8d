"""Rows and bitmaps that no object has in a form which a cluster reads: Parquet objects for the time of one query."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from supertable.application.ports.object_stores import ObjectStore
from supertable.domain.errors import SupertableError
from supertable.domain.storage_layout import handed_over_folder, handed_over_key

_WORD_BITS = 64
_DEAD = pa.schema([("f", pa.string()), ("w", pa.list_(pa.int64()))])
_LEFT_SECONDS = 24 * 3600


class HandedOver:
    """The objects of one query. `close` deletes them."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._keys: list[str] = []

    def rows(self, organization: str, rows: pa.Table) -> str:
        """Writes the rows. Returns the object's key."""
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink, compression="lz4", use_dictionary=False, write_statistics=False)
        key = handed_over_key(organization, secrets.token_hex(16))
        self._keys.append(key)
        self._store.put(key, sink.getvalue().to_pybytes())
        return key

    def bitmaps(self, organization: str, bitmaps: Mapping[str, bytes]) -> str:
        """Writes, by the name of the file, the words of its bitmap: bit i of word n is row 64 n + i."""
        rows = pa.table([list(bitmaps), [_words(bitmap) for bitmap in bitmaps.values()]], schema=_DEAD)
        return self.rows(organization, rows)

    def close(self) -> None:
        """No-op the second time. What cannot be deleted is deleted by `remove_left_over` later."""
        keys, self._keys = self._keys, []
        try:
            self._store.delete(keys)
        except SupertableError:
            pass


def remove_left_over(store: ObjectStore, organizations: Iterable[str]) -> None:
    """Deletes the objects of processes that ended without doing so, a day after they were made."""
    before = (time.time() - _LEFT_SECONDS) * 1_000_000
    for organization in organizations:
        found = store.list(f"{handed_over_folder(organization)}/")
        store.delete([each.key for each in found if each.modified_at_us < before])


def _words(bitmap: bytes) -> Sequence[int]:
    bits = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8))
    padded = np.concatenate([bits, np.zeros(-len(bits) % _WORD_BITS, dtype=np.uint8)])
    words: Sequence[int] = np.packbits(padded, bitorder="little").view("<i8").tolist()
    return words
