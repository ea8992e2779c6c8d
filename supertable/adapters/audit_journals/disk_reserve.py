"""Bytes that a service keeps on its disk, so that a full disk can be freed and what frees it can be recorded.

`{file}` holds the bytes. When the disk is full it is renamed to `{file}.released` and emptied, which needs no space. As
soon as the disk has twice the bytes free, it is filled again. All processes of the folder see which of the two exists.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_LOW_BYTES = 1 << 20
_HEADER_BYTES = 20
"""The file begins with its size when it is full, as digits."""


def _header(size: int) -> bytes:
    return b"%0*d" % (_HEADER_BYTES, size)


def is_full(error: OSError) -> bool:
    return error.errno in _FULL


class DiskReserve:
    """Without `fill` of any process there is no reserve, and no call has an effect."""

    def __init__(self, file: Path, free_bytes: Callable[[Path], int] | None = None) -> None:
        self._free_bytes = free_bytes or _free_bytes
        self._file = file
        self._released = file.with_name(file.name + ".released")

    def fill(self, size: int) -> None:
        """Take so many bytes from the disk, unless a reserve exists or has been released."""
        if self._file.exists() or self._released.exists():
            return
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._released.write_bytes(_header(size))
        self._fill_again()

    def release(self, only_if_low: bool = False) -> bool:
        """Give the bytes back to the disk. Returns whether there were any. `only_if_low`: if hardly any are free."""
        if only_if_low and self._free_bytes(self._file.parent) >= _LOW_BYTES:
            return False
        with suppress(OSError), _locked(self._file) as descriptor:
            size = os.fstat(descriptor).st_size
            self._file.rename(self._released)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, _header(size), 0)
            return True
        return False

    def shortage(self) -> str:
        """Why only what frees space may run now; empty if space is enough. Fills the reserve again if it can."""
        if not self._released.exists() or self._fill_again():
            return ""
        return "the disk was full, and not enough of it has been freed yet (vacuum and purge can still run)"

    def _fill_again(self) -> bool:
        try:
            with _locked(self._released) as descriptor:
                size = int(os.pread(descriptor, _HEADER_BYTES, 0))
                if self._free_bytes(self._file.parent) < 2 * size:
                    return False
                for start in range(_HEADER_BYTES, size, _LOW_BYTES):
                    os.pwrite(descriptor, bytes(min(_LOW_BYTES, size - start)), start)
                self._released.rename(self._file)
        except FileNotFoundError:
            return True  # another process has filled it
        except (OSError, ValueError):
            return False
        return True


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """A descriptor of the file, locked. Raises `FileNotFoundError` if the file gets another name meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not os.path.samestat(os.fstat(descriptor), path.stat()):
            raise FileNotFoundError(path)
        yield descriptor
    finally:
        os.close(descriptor)


def _free_bytes(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
