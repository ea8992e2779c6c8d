"""An object store that fails at a chosen call, to test that nothing is lost and nothing is doubled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum

from supertable.application.ports.object_stores import (
    ObjectRange,
    ObjectStore,
    ObjectWriter,
    PutAmbiguous,
    StoredObject,
)
from supertable.domain.errors import StoreUnavailable


class Fault(Enum):
    REFUSED = "the call has no effect and fails"
    LOST_ANSWER = "the call takes effect and fails"
    CRASH = "the process dies before the call"
    CRASH_AFTER = "the process dies after the call took effect"


class Crash(BaseException):
    """Simulates the end of the process. No code catches it."""


class FaultyStore:
    """Forwards every call to `inner`, except that call number `at` (from 1; 0: none) meets the fault.

    `calls` lists all calls as text: action and key. `met`: whether the fault has happened.
    """

    def __init__(self, inner: ObjectStore, fault: Fault = Fault.REFUSED, at: int = 0) -> None:
        self._inner = inner
        self._fault = fault
        self._at = at
        self.calls: list[str] = []

    @property
    def met(self) -> bool:
        return len(self.calls) >= self._at > 0

    @contextmanager
    def _step(self, action: str, key: str, put: bool = False) -> Iterator[None]:
        self.calls.append(f"{action} {key}")
        is_hit = len(self.calls) == self._at
        if is_hit and self._fault is Fault.CRASH:
            raise Crash
        if is_hit and self._fault is Fault.REFUSED:
            raise StoreUnavailable(action, key, "injected")
        yield
        if is_hit and self._fault is Fault.CRASH_AFTER:
            raise Crash
        if is_hit and put:
            raise PutAmbiguous(key)
        if is_hit:
            raise StoreUnavailable(action, key, "injected, after the effect")

    def put_if_absent(self, key: str, data: bytes) -> None:
        with self._step("put_if_absent", key, put=True):
            self._inner.put_if_absent(key, data)

    def settle(self, key: str) -> bytes | None:
        with self._step("settle", key):
            return self._inner.settle(key)

    def put(self, key: str, data: bytes) -> None:
        with self._step("put", key):
            self._inner.put(key, data)

    @contextmanager
    def open_writer(self, key: str) -> Iterator[ObjectWriter]:
        with self._step("open_writer", key), self._inner.open_writer(key) as writer:
            yield writer

    def read(self, key: str) -> bytes | None:
        with self._step("read", key):
            return self._inner.read(key)

    def chunks(self, key: str) -> Iterator[bytes]:
        with self._step("chunks", key):
            return self._inner.chunks(key)

    def read_range(self, key: str, start: int, length: int, fingerprint: str | None) -> ObjectRange | None:
        with self._step("read_range", key):
            return self._inner.read_range(key, start, length, fingerprint)

    def fingerprint(self, key: str) -> str | None:
        with self._step("fingerprint", key):
            return self._inner.fingerprint(key)

    def size(self, key: str) -> int | None:
        with self._step("size", key):
            return self._inner.size(key)

    def list(self, prefix: str, start_after: str = "") -> Iterator[StoredObject]:
        with self._step("list", prefix):
            return self._inner.list(prefix, start_after)

    def folders(self, prefix: str) -> Iterator[str]:
        with self._step("folders", prefix):
            return self._inner.folders(prefix)

    def delete(self, keys: Iterable[str]) -> None:
        with self._step("delete", ""):
            self._inner.delete(keys)

    def location(self, key: str) -> str:
        return self._inner.location(key)

    def signed_location(self, key: str, seconds: int) -> str:
        return self._inner.signed_location(key, seconds)
