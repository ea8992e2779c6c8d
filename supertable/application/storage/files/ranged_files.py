"""Data files that an engine reads from the store by ranges, while its query runs.

Every range is of the same object, by its fingerprint, and has the length that was asked for, or it is an error. Whoever
waits for a range stops waiting soon after the query was stopped; the request itself ends on its own.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from supertable.application.ports.engines.running_queries import Stopped
from supertable.application.ports.object_stores import ObjectChanged, ObjectStore
from supertable.application.storage.files.verified_files import check_size
from supertable.domain.errors import ObjectDamaged, QueryCancelled, StoreUnavailable, SupertableError
from supertable.domain.table.data_files import DataFile

PIECE_BYTES = 4 * 1024 * 1024
"""Larger ranges are read by several requests at once."""
TAIL_BYTES = 64 * 1024
"""The end of each file, which is read first. It has the footer, unless that is longer."""
_MAX_FOOTER_BYTES = 16 * 1024 * 1024
_MAX_KEPT_BYTES = 64 * 1024 * 1024
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a file, and the fingerprint of the object that it was read from."""

    data: bytes
    fingerprint: str

    @property
    def footer_bytes(self) -> int:
        """The length of the file's footer, as the footer says."""
        return int.from_bytes(self.data[-8:-4], "little") + 8


class KeptTails:
    """Tails of files by key, the least recently used dropped first."""

    def __init__(self, max_bytes: int = _MAX_KEPT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._tails: OrderedDict[str, Tail] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: str) -> Tail | None:
        with self._lock:
            if key in self._tails:
                self._tails.move_to_end(key)
            return self._tails.get(key)

    def keep(self, key: str, tail: Tail) -> None:
        self.drop(key)
        with self._lock:
            self._tails[key] = tail
            self._bytes += len(tail.data)
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._tails.popitem(last=False)[1].data)

    def drop(self, key: str) -> None:
        with self._lock:
            dropped = self._tails.pop(key, None)
            self._bytes -= len(dropped.data) if dropped else 0


class RangeReads:
    """The reads of one query: at most `requests` at once, each for at most `timeout_seconds`. Thread-safe.

    After the first error, `failure`, every read raises it. Once the query is `stopped`, that is `QueryCancelled`.
    """

    def __init__(
        self, store: ObjectStore, tails: KeptTails, requests: int, timeout_seconds: float, stopped: Stopped
    ) -> None:
        self._store = store
        self._tails = tails
        self._slots = threading.BoundedSemaphore(requests)
        self._timeout_seconds = timeout_seconds
        self._stopped = stopped
        self.failure: SupertableError | None = None

    def open(self, key: str, file: DataFile) -> RangedFile:
        """Reads the end of the file, unless it is kept. Raises `Damaged` if the object is not there or has another
        size, `StoreUnavailable` and `QueryCancelled`."""
        kept = self._tails.find(key)
        if kept is not None:
            return RangedFile(self, key, file, kept, is_fresh=False)
        tail = self._tail(key, file)
        self._tails.keep(key, tail)
        return RangedFile(self, key, file, tail, is_fresh=True)

    def read(self, key: str, file: DataFile, start: int, length: int, fingerprint: str | None) -> Tail:
        """Exactly these bytes, and the object's fingerprint."""
        try:
            if start < 0 or start + length > file.bytes:
                raise ObjectDamaged(key, "it is not readable as Parquet")
            pieces = [
                self._started(key, partial(self._fetched, key, file, at, size, fingerprint))
                for at, size in _pieces(start, length)
            ]
            read = [self._finished(key, piece) for piece in pieces]
        except SupertableError as error:
            self.failure = self.failure or error
            raise
        return read[0] if len(read) == 1 else Tail(b"".join(piece.data for piece in read), read[0].fingerprint)

    def _tail(self, key: str, file: DataFile) -> Tail:
        length = min(TAIL_BYTES, file.bytes)
        tail = self.read(key, file, file.bytes - length, length, None)
        missing = tail.footer_bytes - length
        if missing > 0 and tail.footer_bytes <= min(file.bytes, _MAX_FOOTER_BYTES):
            more = self.read(key, file, file.bytes - tail.footer_bytes, missing, tail.fingerprint)
            return Tail(more.data + tail.data, tail.fingerprint)
        return tail

    def _fetched(self, key: str, file: DataFile, start: int, length: int, fingerprint: str | None) -> Tail:
        try:
            found = self._store.read_range(key, start, length, fingerprint)
        except ObjectChanged:
            self._tails.drop(key)
            check_size(key, file, self._store.size(key))  # some stores do not tell a missing object from a changed one
            raise ObjectDamaged(key, "it changed while it was read") from None
        check_size(key, file, found.object_bytes if found else None)
        assert found is not None
        if len(found.data) != length:
            raise StoreUnavailable("read", key, f"received {len(found.data):,} bytes, expected {length:,}")
        return Tail(found.data, found.fingerprint)

    def _started(self, key: str, work: Callable[[], Tail]) -> _Request:
        """A request in a thread of its own, as soon as there are not too many. A daemon: a request without an answer
        keeps no process alive."""
        while not self._slots.acquire(timeout=_POLL_SECONDS):
            self._raise_if_stopped()
        request = _Request(time.monotonic() + self._timeout_seconds, Future())

        def run() -> None:
            try:
                request.result.set_result(work())
            except SupertableError as error:
                request.result.set_exception(error)
            except BaseException as error:  # noqa: BLE001 - raised where the range is awaited
                request.result.set_exception(StoreUnavailable("read", key, type(error).__name__))
            finally:
                self._slots.release()

        try:
            threading.Thread(target=run, daemon=True, name="range-read").start()
        except RuntimeError as error:
            self._slots.release()
            raise StoreUnavailable("read", key, str(error)) from None
        return request

    def _finished(self, key: str, request: _Request) -> Tail:
        while True:
            self._raise_if_stopped()
            try:
                return request.result.result(_POLL_SECONDS)
            except TimeoutError:
                if time.monotonic() > request.deadline:
                    reason = f"no answer within {self._timeout_seconds:g} s"
                    raise StoreUnavailable("read", key, reason) from None

    def _raise_if_stopped(self) -> None:
        if self.failure is not None:
            raise self.failure.with_traceback(None)
        if self._stopped():
            raise QueryCancelled


@dataclass(frozen=True, slots=True)
class _Request:
    deadline: float
    result: Future[Tail]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class RangedFile:
    """One data file of a query. `is_fresh`: the tail was read by this query. A kept tail answers for the footer only:
    data is always read from the store."""

    reads: RangeReads
    key: str
    file: DataFile
    tail: Tail
    is_fresh: bool

    def read(self, start: int, length: int) -> bytes:
        """Exactly these bytes."""
        size = self.file.bytes
        end = start + length
        if length == 0:
            return b""
        at = start - (size - len(self.tail.data))
        is_footer = end == size or start >= size - self.tail.footer_bytes
        if at >= 0 and end <= size and (self.is_fresh or is_footer):
            return self.tail.data[at : at + length]
        return self.reads.read(self.key, self.file, start, length, self.tail.fingerprint).data


def _pieces(start: int, length: int) -> list[tuple[int, int]]:
    """Positions and lengths of about equal parts of at most `PIECE_BYTES`."""
    count = -(-length // PIECE_BYTES)
    edges = [start + length * number // count for number in range(count + 1)]
    return [(at, end - at) for at, end in pairwise(edges)]
