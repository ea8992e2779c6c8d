"""Lists a folder tree as object storage lists keys: flat, in bytewise order of whole keys."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from supertable.adapters.object_stores.keys import is_segment, split_prefix
from supertable.adapters.object_stores.local.file_system import FileSystem
from supertable.application.ports.object_stores import StoredObject


class FolderListing:
    """Reads the tree under `root` lazily. Names that are not valid keys are ignored."""

    def __init__(self, root: Path, file_system: FileSystem) -> None:
        self._root = root
        self._start = f"{root}/"
        self._fs = file_system

    def objects(self, prefix: str, start_after: str) -> Iterator[StoredObject]:
        """The objects whose key starts with `prefix` and sorts after `start_after`, in order of keys."""
        folder, _ = split_prefix(prefix)
        return self._walk(folder, prefix, start_after)

    def folders(self, prefix: str) -> Iterator[str]:
        """The names of folders directly under `prefix` that contain an object at any depth, sorted."""
        names = sorted(name[:-1] for name in self._names(prefix) if name.endswith("/"))
        return (name for name in names if self._contains_object(f"{prefix}{name}/"))

    def _walk(self, folder: str, prefix: str, start_after: str) -> Iterator[StoredObject]:
        # "a-b", "a.b", "a/…", "a0": folders sort with their slash, so sorting the names within each folder is enough.
        names = (name for name in self._names(folder) if _may_match(folder + name, prefix, start_after))
        for name in sorted(names):
            if name.endswith("/"):
                yield from self._walk(folder + name, prefix, start_after)
            elif (found := self._object(folder + name)) is not None:
                yield found

    def _names(self, folder: str) -> Iterator[str]:
        """The names in a folder, unsorted; those of folders end with `/`. Empty if the folder is missing."""
        try:
            with self._fs.scan(self._root / folder) as entries:
                for entry in entries:
                    if is_segment(entry.name):
                        yield entry.name + "/" if entry.is_dir() else entry.name
        except (FileNotFoundError, NotADirectoryError):
            return

    def _object(self, key: str) -> StoredObject | None:
        try:
            found = self._fs.stat(self._start + key)  # a path for each would take longer than the call
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return StoredObject(key, found.st_size, found.st_mtime_ns // 1000)

    def _contains_object(self, folder: str) -> bool:
        return any(self._contains_object(folder + name) if name.endswith("/") else True for name in self._names(folder))


def _may_match(key: str, prefix: str, start_after: str) -> bool:
    """Whether the listing may include the object `key`, or, for a folder (`…/`), any object in it."""
    if key.endswith("/"):
        inside = key.startswith(prefix) or prefix.startswith(key)
        return inside and (key > start_after or start_after.startswith(key))
    return key.startswith(prefix) and key > start_after
