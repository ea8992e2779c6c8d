"""What an engine reads besides the table's plan: data files that are what was written, and their dead rows."""

from __future__ import annotations

import threading
from collections import OrderedDict

from supertable.application.deletion_vectors import DeletionVectors
from supertable.application.digests import Digest
from supertable.application.ports.object_stores import ObjectStore
from supertable.domain.errors import ObjectDamaged, ObjectMissing
from supertable.domain.files import DataFile

_REMEMBERED = 200_000


class StoredFiles:
    """A data file is digested before its first use in this process, and again whenever its object may have changed."""

    def __init__(self, store: ObjectStore, vectors: DeletionVectors) -> None:
        self._store = store
        self._vectors = vectors
        self._sound: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        """See `DeletionVectors.bitmap`."""
        return self._vectors.bitmap(folder, file)

    def check(self, folder: str, file: DataFile) -> None:
        """Raises `ObjectMissing` or `ObjectDamaged` unless the object's bytes are those that the commit recorded."""
        key = file.key(folder)
        fingerprint = self._store.fingerprint(key)
        if fingerprint is None:
            raise ObjectMissing(key)
        if self._sound.get(key) == fingerprint:
            return
        self._digest(key, file)
        with self._lock:
            self._sound[key] = fingerprint
            while len(self._sound) > _REMEMBERED:
                self._sound.popitem(last=False)

    def _digest(self, key: str, file: DataFile) -> None:
        digest = Digest()
        size = 0
        try:
            for chunk in self._store.chunks(key):
                digest.update(chunk)
                size += len(chunk)
        except KeyError:
            raise ObjectMissing(key) from None
        if size != file.bytes:
            raise ObjectDamaged(key, f"it has {size:,} bytes, {file.bytes:,} were written")
        if digest.hex() != file.digest:
            raise ObjectDamaged(key, "its bytes are not those that were written")
