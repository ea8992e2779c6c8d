"""The system calls of the local store, in one place, so that a test can make any of them fail."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)


class FileSystem:
    """One method per system call, without logic. All raise OSError."""

    def create(self, path: Path) -> int:
        """A descriptor for writing a new file."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)

    def open(self, path: Path) -> int:
        """A descriptor for reading a file, or for syncing a file or folder."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def read(self, descriptor: int, max_bytes: int) -> bytes:
        return os.read(descriptor, max_bytes)

    def read_at(self, descriptor: int, start: int, max_bytes: int) -> bytes:
        return os.pread(descriptor, max_bytes, start)

    def write(self, descriptor: int, data: memoryview) -> int:
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        """Sync to the disk itself, which takes F_FULLFSYNC on macOS."""
        if _FULL_SYNC is None:
            os.fsync(descriptor)
        else:
            fcntl.fcntl(descriptor, _FULL_SYNC)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def link(self, source: Path, target: Path) -> None:
        target.hardlink_to(source)

    def replace(self, source: Path, target: Path) -> None:
        source.replace(target)

    def unlink(self, path: Path) -> None:
        path.unlink()

    def mkdir(self, path: Path) -> None:
        path.mkdir()

    def stat(self, path: Path | str) -> os.stat_result:
        return os.stat(path)  # noqa: PTH116 - takes the text of a path too

    def stat_open(self, descriptor: int) -> os.stat_result:
        return os.fstat(descriptor)

    def scan(self, path: Path) -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        return os.scandir(path)


class VolatileFileSystem(FileSystem):
    """Does not sync: for files that need not survive a power loss."""

    def fsync(self, descriptor: int) -> None:
        """No-op."""
