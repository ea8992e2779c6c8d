"""Folders that a power loss does not take back."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from supertable.adapters.object_stores.local.file_system import FileSystem


class DurableFolders:
    """Makes folders under `root` (and `root` itself), and remembers which are known to be durable.

    A new folder is an entry of its parent, so the parent is synced too; also when the folder was there
    already, since whoever made it may not have come to that yet.
    """

    def __init__(self, root: Path, file_system: FileSystem) -> None:
        self._root = root
        self._fs = file_system
        self._durable: set[Path] = set()

    def make(self, folder: Path) -> None:
        """Make the folder and those above it that are missing. No-op for a folder known to be durable."""
        if folder in self._durable:
            return
        parent = folder.parent
        if self._root in folder.parents or not self._exists(parent):
            self.make(parent)
        with suppress(FileExistsError):
            self._fs.mkdir(folder)
        self._sync_parent(folder, parent)
        self._durable.add(folder)

    def sync(self, folder: Path) -> None:
        """Make the entries of the folder durable."""
        descriptor = self._fs.open(folder)
        try:
            self._fs.fsync(descriptor)
        finally:
            self._fs.close(descriptor)

    def forget(self) -> None:
        """Believe nothing any more: somebody removed a folder."""
        self._durable.clear()

    def _exists(self, path: Path) -> bool:
        try:
            self._fs.stat(path)
        except FileNotFoundError:
            return False
        return True

    def _sync_parent(self, folder: Path, parent: Path) -> None:
        try:
            self.sync(parent)
        except PermissionError:
            if self._root in folder.parents:
                raise
            # What lies above the root may belong to somebody else; then the root was there before us.
