"""Copies in a folder of this machine, shared by every process that uses it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from supertable.adapters.file_caches.file_locks import locked
from supertable.adapters.file_caches.room import Claim, Room, SureLeases
from supertable.application.ports.file_caches import NoCopy
from supertable.application.ports.leases import Lease
from supertable.application.ports.object_stores import ObjectStore, ObjectWriter
from supertable.domain.errors import StoreUnavailable

_STEP_BYTES = 4 * 1024 * 1024
_MAX_FILE = 10
"""No copy takes more than this part of the cache, so that one does not drive out all the others."""

_MAX_QUERY = 2
"""Nor do all those that one query lacks."""


class FolderCache:
    """`copies` is a store in `folder`, which lies in `root`; all stores with a folder in `root` share its bytes.

    `lease_folder(path)` gives leases that are kept in a folder.
    """

    def __init__(
        self, root: Path, folder: Path, copies: ObjectStore, leases: Callable[[Path], SureLeases], max_bytes: int
    ) -> None:
        self._root = root
        self._folder = folder
        self._copies = copies
        self._readers = leases(root / "~readers")
        self._room = Room(root, max_bytes, self._readers, leases(root / "~fills"))
        self._max_file_bytes = max_bytes // _MAX_FILE
        self._max_query_bytes = max_bytes // _MAX_QUERY

    @property
    def copies(self) -> ObjectStore:
        return self._copies

    @property
    def max_query_bytes(self) -> int:
        return self._max_query_bytes

    def use(self) -> FolderCacheUse:
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            return FolderCacheUse(self._folder, self._copies, self._room, self._readers.take(), self._max_file_bytes)
        except OSError as error:
            raise NoCopy(error.strerror or str(error)) from error


class FolderCacheUse:
    def __init__(self, folder: Path, copies: ObjectStore, room: Room, lease: Lease, max_file_bytes: int) -> None:
        self._folder = folder
        self.copies = copies
        self._room = room
        self._lease = lease
        self._max_file_bytes = max_file_bytes
        self._began_at_ns = time.time_ns()

    def find(self, keys: Collection[str]) -> set[str]:
        try:
            with locked(self._room.in_use, shared=True):
                now_ns = max(time.time_ns(), self._began_at_ns)  # a clock may be put back
                return {key for key in keys if _marked(self._folder / key, now_ns)}
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
        of_the_caller: list[BaseException] = []
        try:
            with self._room.claimed(expected) as claim, self.copies.open_writer(key) as inner:
                try:
                    yield _CopyWriter(inner, claim, self._max_file_bytes)
                except BaseException as error:
                    of_the_caller.append(error)
                    raise
        except (OSError, StoreUnavailable) as error:
            if error in of_the_caller:
                raise
            if not self.find([key]):
                raise NoCopy(str(error)) from error


class _CopyWriter:
    """Takes more room where the copy grows beyond what was expected."""

    def __init__(self, inner: ObjectWriter, claim: Claim, max_bytes: int) -> None:
        self._inner = inner
        self._claim = claim
        self._max_bytes = max_bytes

    def write(self, data: bytes, /) -> int:
        total = self._claim.used + len(data)
        if total > self._max_bytes:
            raise NoCopy("the object is too large")
        try:
            if total > self._claim.bytes:
                self._claim.grow(max(len(data), min(_STEP_BYTES, self._max_bytes)))
            self._claim.used = total
            return self._inner.write(data)
        except (OSError, StoreUnavailable) as error:
            raise NoCopy(str(error)) from error

    def close(self) -> None:
        """The copy comes to be at the end of its block."""

    def abort(self) -> None:
        self._claim.used = 0
        self._inner.abort()


def _marked(path: Path, now_ns: int) -> bool:
    """Whether there is such a file, whose time of access is now this one."""
    try:
        os.utime(path, ns=(now_ns, path.stat().st_mtime_ns))
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
