"""The open files of `RangeAccess` as a file system of fsspec, which DuckDB can read."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from fsspec import AbstractFileSystem

from supertable.application.storage.files.ranged_files import RangedFile

_NEVER_CHANGED = datetime(1970, 1, 1, tzinfo=UTC)


class RangeFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Has the methods that DuckDB calls. Read-only; lists nothing. `files`: by location."""

    protocol = "stobj"
    cachable = False

    def __init__(self, files: Mapping[str, RangedFile]) -> None:
        super().__init__()
        self._files = files

    def open(self, path: str, mode: str = "rb", *_: Any, **__: Any) -> RangeHandle:
        if mode != "rb":
            raise PermissionError("read-only")
        return RangeHandle(self._file(path))

    def glob(self, path: str, **_: Any) -> list[str]:
        return [path] if path in self._files else []

    def exists(self, path: str, **_: Any) -> bool:
        return path in self._files

    def size(self, path: str) -> int:
        return self._file(path).file.bytes

    def modified(self, _: str) -> datetime:
        return _NEVER_CHANGED

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "size": self.size(path), "type": "file"}

    def ls(self, *_: Any, **__: Any) -> NoReturn:
        raise FileNotFoundError("folders cannot be listed")

    def unstrip_protocol(self, name: str) -> str:
        return name

    def _file(self, path: str) -> RangedFile:
        found = self._files.get(path)
        if found is None:
            raise FileNotFoundError("this file is not open")
        return found


class RangeHandle:
    """An open file. DuckDB's threads share it: each calls `seek` and then `read`, and other threads may do so between
    the two calls. So each thread has a position of its own."""

    def __init__(self, file: RangedFile) -> None:
        self._file = file
        self._positions: dict[int, int] = {}

    @property
    def size(self) -> int:
        return self._file.file.bytes

    def seek(self, position: int, *_: Any) -> int:
        self._positions[threading.get_ident()] = position
        return position

    def tell(self) -> int:
        return self._positions[threading.get_ident()]

    def read(self, length: int) -> bytes:
        """Exactly `length` bytes: DuckDB does not check how many it gets. Raises KeyError if this thread has not called
        `seek`."""
        start = self.tell()
        data = self._file.read(start, length)
        self._positions[threading.get_ident()] = start + length
        return data

    def close(self) -> None:
        """No-op: nothing is held."""
