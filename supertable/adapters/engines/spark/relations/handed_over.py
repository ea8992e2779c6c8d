"""Rows and bitmaps that no object has in a form which a cluster reads: Parquet objects for the time of one query."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from supertable.application.ports.object_stores import ObjectStore
from supertable.domain.errors import SupertableError
from supertable.domain.storage_layout import handed_over_folder, handed_over_key, organization_of

_WORD_BITS = 64
_DEAD = pa.schema([("f", pa.string()), ("w", pa.list_(pa.int64()))])
_LEFT_SECONDS = 24 * 3600


class HandedOver:
    """The objects of one query. `close` deletes them."""

    def __init__(self, store: ObjectStore, swept: set[str]) -> None:
        """`swept`: the organizations in which this process has looked for objects that others left."""
        self._store = store
        self._swept = swept
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
        """No-op the second time. What could not be deleted goes a day later, when another process comes here."""
        keys, self._keys = self._keys, []
        try:
            self._store.delete(keys)
            for organization in {organization_of(key) for key in keys} - self._swept:
                self._swept.add(organization)
                self._sweep(organization)
        except SupertableError:
            pass

    def _sweep(self, organization: str) -> None:
        """Deletes the objects of processes that ended without doing so."""
        before = (time.time() - _LEFT_SECONDS) * 1_000_000
        found = self._store.list(f"{handed_over_folder(organization)}/")
        self._store.delete([each.key for each in found if each.modified_at_us < before])


def _words(bitmap: bytes) -> Sequence[int]:
    bits = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8))
    padded = np.concatenate([bits, np.zeros(-len(bits) % _WORD_BITS, dtype=np.uint8)])
    words: Sequence[int] = np.packbits(padded, bitorder="little").view("<i8").tolist()
    return words
