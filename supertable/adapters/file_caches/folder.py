"""A cache in a folder of this machine, shared by every process that uses the folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from supertable.adapters.file_caches.cache_space import CacheSpace, Reservation, StrictLeases
from supertable.adapters.file_caches.file_locks import locked
from supertable.application.ports.file_caches import NoCopy
from supertable.application.ports.leases import Lease
from supertable.application.ports.object_stores import ObjectStore, ObjectWriter
from supertable.domain.errors import StoreUnavailable

_STEP_BYTES = 4 * 1024 * 1024
_MAX_FILE_SHARE = 10
"""No copy is larger than one part in so many of the cache, so that one copy does not evict all others."""

_MAX_QUERY_SHARE = 2
"""The same for all copies that one query lacks."""


class FolderCache:
    """`copies` is a store in `folder`, a subfolder of `root`; all stores with a folder in `root` share `max_bytes`.

    `leases(path)` returns the leases of a folder.
    """

    def __init__(
        self, root: Path, folder: Path, copies: ObjectStore, leases: Callable[[Path], StrictLeases], max_bytes: int
    ) -> None:
        self._root = root
        self._folder = folder
        self._copies = copies
        self._readers = leases(root / "~readers")
        self._space = CacheSpace(root, max_bytes, self._readers, leases(root / "~fills"))
        self._max_file_bytes = max_bytes // _MAX_FILE_SHARE
        self._max_query_bytes = max_bytes // _MAX_QUERY_SHARE

    @property
    def copies(self) -> ObjectStore:
        return self._copies

    @property
    def max_query_bytes(self) -> int:
        return self._max_query_bytes

    def use(self) -> FolderCacheUse:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            lease = self._readers.acquire()
            return FolderCacheUse(self._folder, self._copies, self._space, lease, self._max_file_bytes)
        except OSError as error:
            raise NoCopy(error.strerror or str(error)) from error


class FolderCacheUse:
    """See `CacheUse`."""

    def __init__(self, folder: Path, copies: ObjectStore, space: CacheSpace, lease: Lease, max_file_bytes: int) -> None:
        self._folder = folder
        self.copies = copies
        self._space = space
        self._lease = lease
        self._max_file_bytes = max_file_bytes
        self._began_at_ns = time.time_ns()

    def find(self, keys: Collection[str]) -> set[str]:
        try:
            with locked(self._space.in_use, shared=True):
                now_ns = max(time.time_ns(), self._began_at_ns)  # the clock may be set back
                return {key for key in keys if _mark_used(self._folder / key, now_ns)}
        except OSError:
            return set()

    def fill(self, key: str, bytes: int) -> AbstractContextManager[ObjectWriter]:
        return self._filling(key, bytes)

    def close(self) -> None:
        self._lease.close()

    @contextmanager
    def _filling(self, key: str, expected: int) -> Iterator[ObjectWriter]:
        if expected > self._max_file_bytes:
            raise NoCopy("the object is too large")
        errors_of_the_caller: list[BaseException] = []
        failure: Exception = NoCopy("the copy was removed")
        try:
            with self._space.reserved(expected) as reservation, self.copies.open_writer(key) as inner:
                try:
                    yield _CopyWriter(inner, reservation, self._max_file_bytes)
                except BaseException as error:
                    errors_of_the_caller.append(error)
                    raise
        except (OSError, StoreUnavailable) as error:
            if error in errors_of_the_caller:
                raise
            failure = error
        if not self.find([key]):  # this marks the copy as used; the clock of its disk may be behind
            raise NoCopy(str(failure)) from failure


class _CopyWriter:
    """Reserves more space when the copy grows beyond the expected size."""

    def __init__(self, inner: ObjectWriter, reservation: Reservation, max_bytes: int) -> None:
        self._inner = inner
        self._reservation = reservation
        self._max_bytes = max_bytes

    def write(self, data: bytes, /) -> int:
        total = self._reservation.used + len(data)
        if total > self._max_bytes:
            raise NoCopy("the object is too large")
        try:
            if total > self._reservation.bytes:
                self._reservation.grow(max(len(data), min(_STEP_BYTES, self._max_bytes)))
            self._reservation.used = total
            return self._inner.write(data)
        except (OSError, StoreUnavailable) as error:
            raise NoCopy(str(error)) from error

    def close(self) -> None:
        """No-op: the copy exists after the block of `fill`."""

    def abort(self) -> None:
        self._reservation.used = 0
        self._inner.abort()


def _mark_used(path: Path, now_ns: int) -> bool:
    """Set the file's access time. Returns whether the file exists."""
    try:
        os.utime(path, ns=(now_ns, path.stat().st_mtime_ns))
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
