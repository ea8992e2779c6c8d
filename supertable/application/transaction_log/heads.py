"""The newest version of each log, as the catalog has it, verified against storage.

Why no read is stale although not every head is verified each time (see docs/adr/0009):
1. Before a writer puts a record, it makes the catalog expect it. Until the record is announced, the log is pending, and
   every reader verifies its head.
2. When the catalog may have lost data of a log, the log gets another epoch, and its head is verified once more.
3. A commit is not acknowledged if it could not be announced and the catalog may no longer expect it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from supertable.application.ports.catalogs import EXPECTED_SECONDS, Catalog, Cut, Head
from supertable.application.ports.clocks import Clock
from supertable.application.ports.object_stores import ObjectStore
from supertable.domain.errors import CatalogDamaged, CatalogUnavailable, ObjectMissing
from supertable.domain.storage_layout import checkpoints_folder, record_key, records_folder, version_of

_LOG = logging.getLogger(__name__)

_MOST_CUTS = 5
_MOST_ROUNDS = 20
_FEW = 16

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Expected:
    """A commit that the catalog expects. `at`: since when, in seconds, by both of the clock's times."""

    log: str
    version: int
    at: tuple[float, float]


class Heads:
    """Reads cuts of heads. Storage is the truth: a head is verified there before it is trusted.

    With `probe_every_read` it is verified at every read: for a catalog that not all writers share, or that may be
    restored from an older copy without notice. Otherwise it is verified once per log and epoch, and while a commit is
    pending. `repairs` counts how often a damaged catalog was filled again. `prove` is called before every write, and
    raises `UnsafeStore` if writes are not safe.
    """

    def __init__(
        self,
        store: ObjectStore,
        catalog: Catalog,
        clock: Clock,
        probe_every_read: bool,
        prove: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._probe_every_read = probe_every_read
        self._prove = prove
        self._verified: dict[str, str] = {}
        self._outage = ""
        self.repairs = 0

    @property
    def outage(self) -> str:
        """Why the catalog does not answer, so that reads use storage alone; empty while it answers."""
        return self._outage

    def cut(self, known: Mapping[str, int]) -> dict[str, Head]:
        """The heads of the logs (the keys of `known`) at one moment, with newer records where the catalog has them.

        `known[log]` is the version that the caller already has (0: none). Includes every commit that was acknowledged
        before the call. A log that does not exist is left out. When the catalog does not answer, the heads are read
        from storage alone, which is slower. Raises `ObjectMissing` for a head whose record is not in storage (only
        durable records are announced, so it was lost), `StoreUnavailable` and `CatalogUnavailable`.
        """
        try:
            heads = self._repairing(lambda: self._cut_of_catalog(known))
        except CatalogUnavailable as error:
            self._verified.clear()
            if not self._outage:
                _LOG.warning("reads use storage alone until the catalog answers: %s", error)
            self._outage = str(error)
            return self._cut_of_storage(known)
        if heads is None:
            raise CatalogUnavailable("its heads were behind storage at every attempt to read them")
        if self._outage:
            self._outage = ""
            _LOG.warning("the catalog answers again")
        return heads

    def prepare_to_write(self) -> None:
        """Raise `UnsafeStore` if writes are not safe."""
        self._prove()

    def expect(self, log: str, version: int) -> Expected:
        """Make the catalog expect a commit that is about to be tried. Raises `CatalogUnavailable` and `UnsafeStore`."""
        self._prove()
        at = self._now()
        try:
            self._catalog.expect(log, version)
        except CatalogUnavailable as error:
            self._verified.clear()
            raise CatalogUnavailable(f"{error.reason}. Nothing was committed; it is safe to try again") from error
        return Expected(log, version, at)

    def announce(self, expected: Expected, record: bytes) -> bool:
        """Announce a durable commit to the catalog. Returns whether every reader sees it from now on.

        That also holds if the catalog does not answer, provided that it certainly still expects the commit.
        """
        try:
            self._repairing(lambda: self._catalog.advance(expected.log, expected.version, record))
        except CatalogUnavailable as error:
            self._verified.clear()
            _LOG.warning("commit %s of %s is durable but not announced yet: %s", expected.version, expected.log, error)
            elapsed = max(now - then for now, then in zip(self._now(), expected.at, strict=True))
            return self._probe_every_read or elapsed < EXPECTED_SECONDS / 2
        return True

    def newest_in_storage(self, log: str, after: int = 0) -> int:
        """The newest version in storage, 0 if the log does not exist. `after`: a version known to exist (0: none)."""
        start = after or self._newest_checkpoint(log)
        records = self._store.list(f"{records_folder(log)}/", start_after=record_key(log, start) if start else "")
        return max(_versions(entry.key for entry in records), default=start)

    def checkpoints(self, log: str) -> list[int]:
        """The versions that have a checkpoint, ascending."""
        return sorted(_versions(entry.key for entry in self._store.list(f"{checkpoints_folder(log)}/")))

    def catch_up(self, log: str, after: int = 0) -> int:
        """Bring the catalog's head up to storage, and return its version, 0 if the log does not exist.

        `after`: a version known to exist (0: none).
        """
        newest = self.newest_in_storage(log, after)
        if newest:
            self._announce_stored(log, newest)
        return newest

    def forget(self, log: str) -> None:
        """Remove the log from the catalog. To be called when it was removed from storage."""
        self._catalog.clear(log)

    def forget_records(self, log: str, up_to: int) -> None:
        """Remove the catalog's copies of records up to a version. Raises `CatalogUnavailable`."""
        self._repairing(lambda: self._catalog.forget_records(log, up_to))

    def _cut_of_catalog(self, known: Mapping[str, int]) -> dict[str, Head] | None:
        for _ in range(_MOST_CUTS):
            cut = self._catalog.cut(known)
            doubtful = [log for log in known if not self._is_trusted(known, cut, log)]
            were_behind = _map_in_parallel(partial(self._roll_forward_if_behind, known, cut), doubtful)
            behind = [log for log, was_behind in zip(doubtful, were_behind, strict=True) if was_behind]
            if not behind:
                return cut.heads
            again = self._catalog.cut(known)
            if again.epochs == cut.epochs and all(log in again.heads for log in behind):
                return again.heads  # one moment, after every roll-forward: no acknowledged commit is missing
        return None

    def _cut_of_storage(self, known: Mapping[str, int]) -> dict[str, Head]:
        """Two equal rounds of probes are a consistent cut, as of the moment between them, since versions only grow."""
        before: dict[str, int] | None = None
        for _ in range(_MOST_ROUNDS):
            after = before or known
            newest = dict(zip(known, _map_in_parallel(partial(self._probe, after), list(known)), strict=True))
            if newest == before or len(known) == 1:
                return {log: Head(version, ()) for log, version in newest.items() if version}
            before = newest
        raise CatalogUnavailable(
            f"{self._outage}; and no consistent state could be read from storage, because the tables changed too often"
        )

    def _probe(self, known: Mapping[str, int], log: str) -> int:
        version = known[log]
        if version and self._store.size(record_key(log, version + 1)) is None:
            return version
        return self.newest_in_storage(log, version)

    def _newest_checkpoint(self, log: str) -> int:
        newest = max(self.checkpoints(log), default=0)
        if newest and self._store.size(record_key(log, newest)) is None:
            return 0  # the log is incomplete: the reader raises the error
        return newest

    def _is_trusted(self, known: Mapping[str, int], cut: Cut, log: str) -> bool:
        return log in cut.heads and log not in cut.pending and self._is_verified(known, cut, log)

    def _is_verified(self, known: Mapping[str, int], cut: Cut, log: str) -> bool:
        """Whether the log's head was verified in this epoch, and the catalog has not gone back since."""
        if self._probe_every_read or self._verified.get(log) != cut.epochs[log]:
            return False
        return cut.heads[log].version >= known[log]

    def _roll_forward_if_behind(self, known: Mapping[str, int], cut: Cut, log: str) -> bool:
        """Verify the catalog's head, and bring it up to storage. Returns whether it was behind."""
        head = cut.heads.get(log)
        if head is None:
            return self.catch_up(log) > 0
        present = head.version
        if not self._is_verified(known, cut, log) and self._store.size(record_key(log, present)) is None:
            raise ObjectMissing(record_key(log, present))
        if self._store.size(record_key(log, present + 1)) is not None:
            return self.catch_up(log, after=present) > present
        if log not in cut.pending:
            self._verified[log] = cut.epochs[log]
        return False

    def _announce_stored(self, log: str, version: int) -> None:
        record = self._store.settle(record_key(log, version))  # its writer may have died before making it durable
        if record is not None:
            self._repairing(lambda: self._catalog.advance(log, version, record))

    def _repairing(self, use: Callable[[], Answer]) -> Answer:
        """The result of `use`. A damaged catalog is emptied first, if every head is verified against storage anyway."""
        try:
            return use()
        except CatalogDamaged as error:
            if not self._probe_every_read:
                raise
            self.repairs += 1
            _LOG.warning("the catalog is damaged; it is filled from storage again: %s", error.reason)
        try:
            self._catalog.clear("")
            return use()
        except CatalogDamaged as error:
            raise CatalogUnavailable(f"it is damaged and cannot be replaced: {error.reason}") from error

    def _now(self) -> tuple[float, float]:
        """Both clocks, in seconds: the first may stop while the machine sleeps, the second may be set back."""
        return self._clock.monotonic_seconds(), self._clock.now_us() / 1_000_000


def _map_in_parallel(probe: Callable[[str], Answer], logs: Sequence[str]) -> list[Answer]:
    """The results in order of `logs`. Each may take a round trip to storage; few logs are not worth threads."""
    if len(logs) <= _FEW:
        return [probe(log) for log in logs]
    with ThreadPoolExecutor(_FEW) as pool:
        return list(pool.map(probe, logs))


def _versions(keys: Iterable[str]) -> list[int]:
    return [version for key in keys if (version := version_of(key)) is not None]
