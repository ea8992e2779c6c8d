"""What an engine reads besides the table's plan, where the store is elsewhere: verified copies, or the store itself.

A copy is digested while it is fetched, and again before its first use in each process. Files that are too large for
the cache or too many, and all where there is none, are read from the store by the engine: only their size is checked.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from supertable.application.ports.engines import Stopped
from supertable.application.ports.file_caches import CacheUse, FileCache, NoCopy
from supertable.application.ports.object_stores import ObjectStore, ObjectWriter
from supertable.application.storage.deletion_vectors import DeletionVectors
from supertable.application.storage.verified_files import VerifiedFiles, check_size, checked
from supertable.domain.errors import Damaged, ObjectMissing, QueryCancelled
from supertable.domain.table.data_files import DataFile

LARGE_BYTES = 4 * 1024 * 1024
"""Larger objects come by several requests at once."""
_REQUESTS_OF_A_LARGE_FILE = 4
_REMEMBERED = 200_000
_LOCKS = 64

Locate = Callable[[str], str]
"""Where an engine finds the object in the store itself. Raises `StoreUnavailable`."""


class CachedFiles:
    """`requests` to the store run at once for one query. Without a `cache` everything is read from the store."""

    def __init__(
        self, store: ObjectStore, vectors: DeletionVectors, cache: FileCache | None, locate: Locate, requests: int
    ) -> None:
        self._store = store
        self._vectors = vectors
        self._cache = cache
        self._sound = VerifiedFiles(cache.copies if cache else store)
        self._locate = locate
        self._requests = requests
        self._right_size: OrderedDict[str, None] = OrderedDict()
        self._fetching = tuple(threading.Lock() for _ in range(_LOCKS))

    def bitmap(self, folder: str, file: DataFile) -> bytes:
        """See `DeletionVectors.bitmap`."""
        return self._vectors.bitmap(folder, file)

    def open(self, files: Sequence[tuple[str, DataFile]], stopped: Stopped) -> OpenFiles:
        """Raises `ObjectMissing`, `ObjectDamaged`, `StoreUnavailable`, and `QueryCancelled` once `stopped`."""
        if not files:
            return OpenFiles([], ExitStack())
        keys = [file.key(folder) for folder, file in files]
        wanted = {key: file for key, (_, file) in zip(keys, files, strict=True)}
        with ExitStack() as stack:
            use = self._use(stack)
            namespaces = self._copies_there(use, wanted, stopped) if use else {}
            missing = {key: file for key, file in wanted.items() if key not in namespaces}
            if missing:
                use = use if self._is_worth_copying(missing) else None
                namespaces |= self._all_placed(use, missing, stopped)
            return OpenFiles([namespaces[key] for key in keys], stack.pop_all())

    @contextmanager
    def open_writer(self, key: str) -> Iterator[ObjectWriter]:
        """Writes a new data file, and its copy too: what was just written is likely to be read next."""
        with ExitStack() as stack:
            copy = self._copy_beside(key, stack)
            with self._store.open_writer(key) as target:
                yield _Both(target, copy) if copy else target

    def _use(self, stack: ExitStack) -> CacheUse | None:
        if self._cache is None:
            return None
        try:
            use = self._cache.use()
        except NoCopy:
            return None
        stack.callback(use.close)
        return use

    def _copy_beside(self, key: str, stack: ExitStack) -> ObjectWriter | None:
        use = self._use(stack)
        if use is None:
            return None
        stack.enter_context(suppress(NoCopy))
        try:
            return stack.enter_context(use.fill(key, 0))
        except NoCopy:
            return None

    def _is_worth_copying(self, missing: dict[str, DataFile]) -> bool:
        """A query of very much is not: it would wait long, and drive out what others need."""
        return self._cache is not None and sum(file.bytes for file in missing.values()) <= self._cache.max_query_bytes

    def _copies_there(self, use: CacheUse, wanted: dict[str, DataFile], stopped: Stopped) -> dict[str, str]:
        """Where the copies are that are there and right; a wrong one is dropped."""
        namespaces: dict[str, str] = {}
        for key in use.find(wanted):
            if stopped():
                raise QueryCancelled
            try:
                self._sound.check(key, wanted[key])
                namespaces[key] = use.copies.location(key)
            except Damaged:
                use.copies.delete([key])
        return namespaces

    def _all_placed(self, use: CacheUse | None, missing: dict[str, DataFile], stopped: Stopped) -> dict[str, str]:
        large = {key: file for key, file in missing.items() if file.bytes > LARGE_BYTES}
        small = {key: file for key, file in missing.items() if key not in large}
        namespaces: dict[str, str] = {}
        for part, width in ((small, self._requests), (large, self._requests // _REQUESTS_OF_A_LARGE_FILE)):
            halted = threading.Event()
            fetches = [_Fetch(key, file, use, stopped, halted) for key, file in part.items()]
            namespaces |= dict(zip(part, _at_once(self._place, fetches, width, halted), strict=True))
        return namespaces

    def _place(self, fetch: _Fetch) -> str:
        if fetch.use is not None:
            with self._fetching[hash(fetch.key) % _LOCKS], suppress(NoCopy):
                return self._copied(fetch.use, fetch)
        return self._direct(fetch)

    def _copied(self, use: CacheUse, fetch: _Fetch) -> str:
        """The place of a right copy, which may take a second attempt."""
        try:
            return self._copied_once(use, fetch)
        except Damaged:
            return self._copied_once(use, fetch)

    def _copied_once(self, use: CacheUse, fetch: _Fetch) -> str:
        there = self._copies_there(use, {fetch.key: fetch.file}, fetch.stopped)
        if fetch.key in there:
            return there[fetch.key]
        with use.fill(fetch.key, fetch.file.bytes) as target:
            for chunk in self._chunks(fetch):
                target.write(chunk)
        self._sound.check(fetch.key, fetch.file)
        return use.copies.location(fetch.key)

    def _chunks(self, fetch: _Fetch) -> Iterator[bytes]:
        try:
            for chunk in checked(fetch.key, fetch.file, self._store.chunks(fetch.key)):
                fetch.go_on()
                yield chunk
        except KeyError:
            raise ObjectMissing(fetch.key) from None

    def _direct(self, fetch: _Fetch) -> str:
        fetch.go_on()
        if fetch.key not in self._right_size:
            check_size(fetch.key, fetch.file, self._store.size(fetch.key))
            self._right_size[fetch.key] = None
            while len(self._right_size) > _REMEMBERED:
                self._right_size.popitem(last=False)
        return self._locate(fetch.key)


class OpenFiles:
    """Holds the copies where they are until it is closed, or garbage."""

    def __init__(self, locations: Sequence[str], held: ExitStack) -> None:
        self.locations = locations
        self._held = held

    def close(self) -> None:
        self._held.close()


@dataclass(slots=True)
class _Fetch:
    key: str
    file: DataFile
    use: CacheUse | None
    stopped: Stopped
    halted: threading.Event

    def go_on(self) -> None:
        if self.halted.is_set() or self.stopped():
            raise QueryCancelled


class _Both:
    """Writes to the store, and to a copy for as long as that goes well."""

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


def _at_once(
    work: Callable[[_Fetch], str], fetches: Sequence[_Fetch], width: int, halted: threading.Event
) -> list[str]:
    """What `work` gives for each. The first error in their order is raised when all that were begun have halted."""
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
