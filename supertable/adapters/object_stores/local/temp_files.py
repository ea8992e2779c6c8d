"""Temporary files, on the store's own file system but outside the folders that it lists."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from pathlib import Path

from supertable.adapters.object_stores.local.file_system import FileSystem

_LEFT_BEHIND_SECONDS = 24 * 3600.0


class TempFile:
    """One file that is to become an object."""

    def __init__(self, path: Path, descriptor: int, file_system: FileSystem) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._is_discarded = False
        self._fs = file_system

    def write(self, data: bytes) -> int:
        """Append all of `data`; returns its length."""
        if self._descriptor is None:
            raise ValueError("the file is closed")
        rest = memoryview(data)
        while rest:
            rest = rest[self._fs.write(self._descriptor, rest) :]
        return len(data)

    def seal(self) -> None:
        """Make the bytes durable and close the file; no more can be written."""
        if self._descriptor is None:
            return
        self._fs.fsync(self._descriptor)
        self._close()

    def discard(self) -> None:
        """Remove the temporary name; an object that is linked to the file remains. Never raises OSError."""
        if self._is_discarded:
            return
        self._is_discarded = True
        with suppress(OSError):
            self._close()
        with suppress(OSError):
            self._fs.unlink(self.path)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._fs.close(descriptor)


class TempFiles:
    """The folder of temporary files. Removes those that crashed processes left, after a day."""

    def __init__(self, folder: Path, file_system: FileSystem) -> None:
        self._folder = folder
        self._fs = file_system
        self._swept = False

    def create(self) -> TempFile:
        """A new, empty file. The parent of the folder must exist."""
        if not self._swept:
            self._swept = True
            self._remove_old()
        path = self._folder / secrets.token_hex(16)
        try:
            descriptor = self._fs.create(path)
        except FileNotFoundError:
            with suppress(FileExistsError):
                self._fs.mkdir(self._folder)
            descriptor = self._fs.create(path)
        return TempFile(path, descriptor, self._fs)

    def _remove_old(self) -> None:
        oldest = time.time() - _LEFT_BEHIND_SECONDS
        with suppress(OSError), self._fs.scan(self._folder) as entries:
            for entry in entries:
                if entry.stat().st_mtime < oldest:
                    self._fs.unlink(Path(entry.path))
