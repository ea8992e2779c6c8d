"""An object store in the memory of this process, for tests and demos: not durable, not shared."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NoReturn

from supertable.adapters.object_stores.keys import check_folder_prefix, check_key, check_prefix
from supertable.application.ports.object_stores import (
    ObjectChanged,
    ObjectRange,
    ObjectWriter,
    PutConflict,
    StoredObject,
)
from supertable.domain.errors import StoreUnavailable

_CHUNK_BYTES = 1024 * 1024


class InMemoryObjectStore:
    """Safe for any number of threads. `now_us` returns the time of a write; default: the system's clock."""

    def __init__(self, now_us: Callable[[], int] | None = None) -> None:
        self._now_us = now_us or (lambda: time.time_ns() // 1000)
        self._lock = threading.Lock()
        self._objects: dict[str, tuple[bytes, int]] = {}

    def put_if_absent(self, key: str, data: bytes) -> None:
        entry = (bytes(data), self._now_us())
        with self._lock:
            if self._objects.setdefault(check_key(key), entry) is not entry:
                raise PutConflict(key)

    def settle(self, key: str) -> bytes | None:
        return self.read(key)

    def put(self, key: str, data: bytes) -> None:
        entry = (bytes(data), self._now_us())
        with self._lock:
            self._objects[check_key(key)] = entry

    def open_writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        return self._streaming(check_key(key))

    def read(self, key: str) -> bytes | None:
        with self._lock:
            entry = self._objects.get(check_key(key))
        return None if entry is None else entry[0]

    def chunks(self, key: str) -> Iterator[bytes]:
        data = self.read(key)
        if data is None:
            raise KeyError(key)
        for start in range(0, len(data), _CHUNK_BYTES):
            yield data[start : start + _CHUNK_BYTES]

    def read_range(self, key: str, start: int, length: int, fingerprint: str | None) -> ObjectRange | None:
        data = self.read(key)
        if data is None:
            return None
        if fingerprint not in (None, str(id(data))):
            raise ObjectChanged(key)
        return ObjectRange(data[start : start + length], len(data), str(id(data)))

    def fingerprint(self, key: str) -> str | None:
        data = self.read(key)
        return None if data is None else str(id(data))

    def size(self, key: str) -> int | None:
        data = self.read(key)
        return None if data is None else len(data)

    def list(self, prefix: str, start_after: str = "") -> Iterator[StoredObject]:
        check_prefix(prefix)
        with self._lock:
            found = [
                StoredObject(key, len(data), modified_at_us)
                for key, (data, modified_at_us) in self._objects.items()
                if key.startswith(prefix) and key > start_after
            ]
        return iter(sorted(found, key=lambda entry: entry.key))

    def folders(self, prefix: str) -> Iterator[str]:
        check_folder_prefix(prefix)
        rests = (entry.key[len(prefix) :] for entry in self.list(prefix))
        return iter(sorted({rest.split("/", 1)[0] for rest in rests if "/" in rest}))

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            with self._lock:
                self._objects.pop(check_key(key), None)

    def location(self, key: str) -> NoReturn:
        """Always raises `StoreUnavailable`: an engine cannot open an object in memory."""
        raise StoreUnavailable("give a location for", check_key(key), "the object is only in memory")

    def signed_location(self, key: str, seconds: int) -> NoReturn:  # noqa: ARG002 - nothing to sign
        self.location(key)

    @contextmanager
    def _streaming(self, key: str) -> Iterator[ObjectWriter]:
        writer = _Writer(lambda data: self.put(key, data))
        try:
            yield writer
            writer.finish()
        finally:
            writer.abort()


class _Writer:
    def __init__(self, publish: Callable[[bytes], None]) -> None:
        self._publish = publish
        self._data = bytearray()
        self._done = False

    def write(self, data: bytes, /) -> int:
        if self._done:
            raise ValueError("the writer is closed")
        self._data += data
        return len(data)

    def close(self) -> None:
        self.finish()

    def abort(self) -> None:
        self._done = True

    def finish(self) -> None:
        if not self._done:
            self._done = True
            self._publish(bytes(self._data))
