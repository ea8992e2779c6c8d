"""Verification of data files against the digests that their commits recorded."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator

from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.checksums import Digest
from supertable.domain.errors import ObjectDamaged, ObjectMissing
from supertable.domain.table.data_files import DataFile

_REMEMBERED = 200_000


class VerifiedFiles:
    """Verifies a file before its first use in this process, and again whenever its object may have changed."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._verified: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, key: str, file: DataFile) -> None:
        """Raise `ObjectMissing` or `ObjectDamaged` unless the object's bytes are those that the commit recorded."""
        fingerprint = self._store.fingerprint(key)
        if fingerprint is None:
            raise ObjectMissing(key)
        if self._verified.get(key) == fingerprint:
            return
        try:
            for _ in checked(key, file, self._store.chunks(key)):
                pass
        except KeyError:
            raise ObjectMissing(key) from None
        self._remember(key, fingerprint)

    def _remember(self, key: str, fingerprint: str) -> None:
        with self._lock:
            self._verified[key] = fingerprint
            while len(self._verified) > _REMEMBERED:
                self._verified.popitem(last=False)


def checked(key: str, file: DataFile, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks, unchanged. Raises `ObjectDamaged` after the last if they are not what the commit recorded."""
    digest = Digest()
    size = 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
        yield chunk
    check_size(key, file, size)
    if digest.hex() != file.digest:
        raise ObjectDamaged(key, "its bytes are not those that were written")


def check_size(key: str, file: DataFile, size: int | None) -> None:
    """Raise `ObjectMissing` (`size` None: the object does not exist) or `ObjectDamaged` if the size is wrong."""
    if size is None:
        raise ObjectMissing(key)
    if size != file.bytes:
        raise ObjectDamaged(key, f"it has {size:,} bytes, {file.bytes:,} were written")
