"""Folders that survive a power loss."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from supertable.adapters.object_stores.local.file_system import FileSystem


class DurableFolders:
    """Creates folders under `root` (and `root` itself), and remembers which are known to be durable.

    A new folder is an entry of its parent, so the parent is synced too; also if the folder already exists, because the
    process that created it may not have synced the parent yet.
    """

    def __init__(self, root: Path, file_system: FileSystem) -> None:
        self._root = root
        self._fs = file_system
        self._durable: set[Path] = set()

    def make(self, folder: Path) -> None:
        """Create the folder and its missing parents. No-op for a folder known to be durable."""
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
        """Assume that no folder is durable: one was removed."""
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
            # A folder above the root may belong to another user; then the root already existed.
