"""Data files and deletion vectors of a remote store, for engines: verified local copies, or the remote objects.

A copy is verified by its digest while it is fetched, and again before its first use in each process. The engine reads
files from the store itself if they are too large or too many for the cache, or if there is no cache: then only their
size is checked. See `DirectReads`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import pyarrow as pa

from supertable.application.ports.engines.file_sources import BeginReads, DirectReads
from supertable.application.ports.engines.running_queries import Stopped
from supertable.application.ports.file_caches import CacheUse, FileCache, NoCopy
from supertable.application.ports.object_stores import ObjectStore, ObjectWriter
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.files.verified_files import VerifiedFiles, checked
from supertable.application.storage.inline_rows import InlineRows
from supertable.domain.errors import Damaged, ObjectMissing, QueryCancelled, SupertableError
from supertable.domain.table.data_files import DataFile

LARGE_BYTES = 4 * 1024 * 1024
"""Larger objects are fetched by several requests at once."""
_REQUESTS_PER_LARGE_FILE = 4
_LOCKS = 64


class CachedFiles:
    """A `FileSource`. `requests`: how many one query makes at once. `cache` None: everything is read from the store."""

    def __init__(
        self, store: ObjectStore, vectors: DeletionVectors, cache: FileCache | None, begin: BeginReads, requests: int
    ) -> None:
        self._store = store
        self._vectors = vectors
        self._cache = cache
        self._verified = VerifiedFiles(cache.copies if cache else store)
        self._begin = begin
        self._requests = requests
        self._inline = InlineRows()
        self._fetching = tuple(threading.Lock() for _ in range(_LOCKS))

    def exists(self, key: str) -> bool:
        """See `FileSource.exists`."""
        return self._store.size(key) is not None

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        """See `DeletionVectors.bitmap`."""
        return self._vectors.bitmap(folder, file)

    def inline_rows(self, folder: str, files: Sequence[DataFile]) -> pa.Table:
        """See `InlineRows.table`."""
        return self._inline.table(folder, files)

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Stopped) -> OpenFiles:
        """See `FileSource.open`. Raises `ObjectMissing`, `ObjectDamaged`, `StoreUnavailable` and `QueryCancelled`."""
        if not files:
            return OpenFiles([], _Direct(self._begin, stopped), ExitStack())
        keys = [file.key(folder) for folder, file in files]
        wanted = {key: file for key, (_, file) in zip(keys, files, strict=True)}
        with ExitStack() as stack:
            use = self._use(stack)
            locations = self._verified_copies(use, wanted, stopped) if use else {}
            missing = {key: file for key, file in wanted.items() if key not in locations}
            direct = _Direct(self._begin, stopped)
            stack.callback(direct.close)
            if missing:
                use = use if self._are_worth_copying(missing) else None
                locations |= self._fetch_all(use, missing, direct, stopped)
            return OpenFiles([locations[key] for key in keys], direct, stack.pop_all())

    @contextmanager
    def open_writer(self, key: str) -> Iterator[ObjectWriter]:
        """Writes a new data file and its copy, since new data is likely to be read next."""
        with ExitStack() as stack:
            copy = self._copy_writer(key, stack)
            with self._store.open_writer(key) as target:
                yield _WriterWithCopy(target, copy) if copy else target

    def _use(self, stack: ExitStack) -> CacheUse | None:
        if self._cache is None:
            return None
        try:
            use = self._cache.use()
        except NoCopy:
            return None
        stack.callback(use.close)
        return use

    def _copy_writer(self, key: str, stack: ExitStack) -> ObjectWriter | None:
        use = self._use(stack)
        if use is None:
            return None
        stack.enter_context(suppress(NoCopy))
        try:
            return stack.enter_context(use.fill(key, 0))
        except NoCopy:
            return None

    def _are_worth_copying(self, missing: dict[str, DataFile]) -> bool:
        """Large queries bypass the cache: filling it would take long, and evict copies that others need."""
        return self._cache is not None and sum(file.bytes for file in missing.values()) <= self._cache.max_query_bytes

    def _verified_copies(self, use: CacheUse, wanted: dict[str, DataFile], stopped: Stopped) -> dict[str, str]:
        """The locations of the intact copies among `wanted`, by key. Damaged copies are deleted."""
        locations: dict[str, str] = {}
        for key in use.find(wanted):
            if stopped():
                raise QueryCancelled
            try:
                self._verified.check(key, wanted[key])
                locations[key] = use.copies.location(key)
            except Damaged:
                use.copies.delete([key])
        return locations

    def _fetch_all(
        self, use: CacheUse | None, missing: dict[str, DataFile], direct: _Direct, stopped: Stopped
    ) -> dict[str, str]:
        large = {key: file for key, file in missing.items() if use and file.bytes > LARGE_BYTES}
        small = {key: file for key, file in missing.items() if key not in large}
        locations: dict[str, str] = {}
        for part, width in ((small, self._requests), (large, self._requests // _REQUESTS_PER_LARGE_FILE)):
            halted = threading.Event()
            fetches = [_Fetch(key, file, use, direct, stopped, halted) for key, file in part.items()]
            locations |= dict(zip(part, _map_in_parallel(self._fetch, fetches, width, halted), strict=True))
        return locations

    def _fetch(self, fetch: _Fetch) -> str:
        if fetch.use is not None:
            with self._fetching[hash(fetch.key) % _LOCKS], suppress(NoCopy):
                return self._copy(fetch.use, fetch)
        fetch.raise_if_stopped()
        return fetch.direct.locate(fetch.key, fetch.file)

    def _copy(self, use: CacheUse, fetch: _Fetch) -> str:
        """The location of an intact copy, after two attempts at most."""
        try:
            return self._copy_once(use, fetch)
        except Damaged:
            return self._copy_once(use, fetch)

    def _copy_once(self, use: CacheUse, fetch: _Fetch) -> str:
        found = self._verified_copies(use, {fetch.key: fetch.file}, fetch.stopped)
        if fetch.key in found:
            return found[fetch.key]
        with use.fill(fetch.key, fetch.file.bytes) as target:
            for chunk in self._chunks(fetch):
                target.write(chunk)
        try:
            self._verified.check(fetch.key, fetch.file)
        except Damaged as error:  # what was fetched was intact
            raise NoCopy(f"the copy was removed or changed: {error}") from error
        return use.copies.location(fetch.key)

    def _chunks(self, fetch: _Fetch) -> Iterator[bytes]:
        try:
            for chunk in checked(fetch.key, fetch.file, self._store.chunks(fetch.key)):
                fetch.raise_if_stopped()
                yield chunk
        except KeyError:
            raise ObjectMissing(fetch.key) from None


class _Direct:
    """The direct reads of one query, which begin with the first file that needs them."""

    def __init__(self, begin: BeginReads, stopped: Stopped) -> None:
        self._begin = begin
        self._stopped = stopped
        self._reads: DirectReads | None = None
        self._lock = threading.Lock()

    @property
    def failure(self) -> SupertableError | None:
        return self._reads.failure if self._reads else None

    def locate(self, key: str, file: DataFile) -> str:
        with self._lock:
            self._reads = self._reads or self._begin(self._stopped)
        return self._reads.locate(key, file)

    def close(self) -> None:
        if self._reads:
            self._reads.close()


class OpenFiles:
    """Keeps the copies in the cache until it is closed or garbage-collected."""

    def __init__(self, locations: Sequence[str], direct: _Direct, held: ExitStack) -> None:
        self.locations = locations
        self._direct = direct
        self._held = held

    @property
    def failure(self) -> SupertableError | None:
        return self._direct.failure

    def close(self) -> None:
        self._held.close()


@dataclass(slots=True)
class _Fetch:
    key: str
    file: DataFile
    use: CacheUse | None
    direct: _Direct
    stopped: Stopped
    halted: threading.Event

    def raise_if_stopped(self) -> None:
        if self.halted.is_set() or self.stopped():
            raise QueryCancelled


class _WriterWithCopy:
    """Writes to the store, and also to a copy as long as that does not fail."""

    def __init__(self, target: ObjectWriter, copy: ObjectWriter) -> None:
        self._target = target
        self._copy: ObjectWriter | None = copy

    def write(self, data: bytes, /) -> int:
        written = self._target.write(data)
        if self._copy is not None:
            try:
                self._copy.write(data)
            except NoCopy:
                self._copy.abort()
                self._copy = None
        return written

    def close(self) -> None:
        self._target.close()

    def abort(self) -> None:
        self._target.abort()
        if self._copy is not None:
            self._copy.abort()


def _map_in_parallel(
    work: Callable[[_Fetch], str], fetches: Sequence[_Fetch], width: int, halted: threading.Event
) -> list[str]:
    """The results in order of `fetches`. On an error the others are halted; the first error in order is raised."""
    if len(fetches) <= 1:
        return [work(fetch) for fetch in fetches]
    with ThreadPoolExecutor(max(width, 1), "fetch") as pool:
        try:
            futures = [pool.submit(work, fetch) for fetch in fetches]
            return [future.result() for future in futures]
        except BaseException:
            halted.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
