"""Which version of each log is the newest, by the catalog's word, checked against storage.

Why nothing stale is read where not every head is checked (see docs/adr/0009):
1. Whoever is about to put a record first tells the catalog to expect it. Until it is announced the log is pending, and
   every reader checks its head.
2. Whatever the catalog may have forgotten gives the log another epoch; its head is then checked once more.
3. A commit that could be neither announced nor relied upon to be expected still is not acknowledged.
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
from supertable.domain.errors import CatalogUnavailable, ObjectMissing
from supertable.domain.storage_layout import record_key, version_of

_LOG = logging.getLogger(__name__)

_MOST_CUTS = 5
_MOST_ROUNDS = 20
_FEW = 16

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Expected:
    """A commit that the catalog was told of before it was made; `at`: when, by both of the clock's times, seconds."""

    log: str
    version: int
    at: tuple[float, float]


class Heads:
    """Reads cuts of heads. Storage is the truth: a head is verified there before it is believed.

    With `probe_every_read` that is done at every read (for a catalog that not every writer shares, or that may be put
    back from a copy unseen); otherwise once per log and epoch, and while a commit is pending. `prove` is called before
    anything is written, every time.
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

    @property
    def outage(self) -> str:
        """Why reads go on from storage alone; empty while the catalog answers."""
        return self._outage

    def cut(self, known: Mapping[str, int]) -> dict[str, Head]:
        """The heads of all the logs at one moment, with the records after the known version where the catalog has them.

        Includes every commit that was acknowledged before the call. A log that does not exist is left out. A head whose
        record is not in storage is `ObjectMissing`: only durable records are announced, so it was there. When the
        catalog does not answer, storage alone is asked, which is slower.
        """
        try:
            heads = self._cut_of_catalog(known)
        except CatalogUnavailable as error:
            self._verified.clear()
            if not self._outage:
                _LOG.warning("reading goes on from storage alone: %s", error)
            self._outage = str(error)
            return self._cut_of_storage(known)
        if heads is None:
            raise CatalogUnavailable("its heads kept falling behind storage while they were read")
        if self._outage:
            self._outage = ""
            _LOG.warning("the catalog answers again")
        return heads

    def prepare_to_write(self) -> None:
        """Raises `UnsafeStore` where no write would be safe."""
        self._prove()

    def expect(self, log: str, version: int) -> Expected:
        """Tell the catalog of a commit that is about to be tried. Raises `CatalogUnavailable`, and `UnsafeStore`."""
        self._prove()
        at = self._now()
        try:
            self._catalog.expect(log, version)
        except CatalogUnavailable as error:
            self._verified.clear()
            raise CatalogUnavailable(f"{error.reason}. Nothing was committed; it is safe to try again") from error
        return Expected(log, version, at)

    def announce(self, expected: Expected, record: bytes) -> bool:
        """Tell the catalog of a durable commit, and say whether every reader will see it from now on.

        That is so even where the catalog does not answer, as long as it cannot have ceased to expect the commit.
        """
        try:
            self._catalog.advance(expected.log, expected.version, record)
        except CatalogUnavailable as error:
            self._verified.clear()
            _LOG.warning("commit %s of %s is durable but not announced yet: %s", expected.version, expected.log, error)
            elapsed = max(now - then for now, then in zip(self._now(), expected.at, strict=True))
            return self._probe_every_read or elapsed < EXPECTED_SECONDS / 2
        return True

    def newest_in_storage(self, log: str, after: int = 0) -> int:
        """The newest version in storage; `after` is a version that is known to exist (0: none). 0: no such log."""
        start = after or self._newest_checkpoint(log)
        records = self._store.list(f"{log}/log/", start_after=record_key(log, start) if start else "")
        return max(_versions(entry.key for entry in records), default=start)

    def checkpoints(self, log: str) -> list[int]:
        """The versions that have a checkpoint, ascending."""
        return sorted(_versions(entry.key for entry in self._store.list(f"{log}/checkpoints/")))

    def catch_up(self, log: str, after: int = 0) -> int:
        """Make the catalog's head what storage says, and return it (0: no such log). `after`: a version that exists."""
        newest = self.newest_in_storage(log, after)
        if newest:
            self._roll(log, newest)
        return newest

    def forget(self, log: str) -> None:
        """Whoever removed a log from storage says so."""
        self._catalog.clear(log)

    def _cut_of_catalog(self, known: Mapping[str, int]) -> dict[str, Head] | None:
        for _ in range(_MOST_CUTS):
            cut = self._catalog.cut(known)
            doubted = [log for log in known if not self._believed(known, cut, log)]
            late = _at_once(partial(self._rolled_forward, known, cut), doubted)
            behind = [log for log, is_late in zip(doubted, late, strict=True) if is_late]
            if not behind:
                return cut.heads
            again = self._catalog.cut(known)
            if again.epochs == cut.epochs and all(log in again.heads for log in behind):
                return again.heads  # one moment after every roll-forward, so nothing acknowledged before is missing
        return None

    def _cut_of_storage(self, known: Mapping[str, int]) -> dict[str, Head]:
        """Versions only grow, so that two rounds which agree were true at the moment between them."""
        before: dict[str, int] | None = None
        for _ in range(_MOST_ROUNDS):
            after = before or known
            newest = dict(zip(known, _at_once(partial(self._probed, after), list(known)), strict=True))
            if newest == before or len(known) == 1:
                return {log: Head(version, ()) for log, version in newest.items() if version}
            before = newest
        raise CatalogUnavailable(f"{self._outage}; and several tables kept changing while storage was read")

    def _probed(self, known: Mapping[str, int], log: str) -> int:
        version = known[log]
        if version and self._store.size(record_key(log, version + 1)) is None:
            return version
        return self.newest_in_storage(log, version)

    def _newest_checkpoint(self, log: str) -> int:
        newest = max(self.checkpoints(log), default=0)
        if newest and self._store.size(record_key(log, newest)) is None:
            return 0  # the log is not whole; the reader will say so
        return newest

    def _believed(self, known: Mapping[str, int], cut: Cut, log: str) -> bool:
        return log in cut.heads and log not in cut.pending and self._is_verified(known, cut, log)

    def _is_verified(self, known: Mapping[str, int], cut: Cut, log: str) -> bool:
        """Whether its head was in storage, and what the catalog says has not gone back since."""
        if self._probe_every_read or self._verified.get(log) != cut.epochs[log]:
            return False
        return cut.heads[log].version >= known[log]

    def _rolled_forward(self, known: Mapping[str, int], cut: Cut, log: str) -> bool:
        """Whether the catalog's head was behind storage, to which it is then brought up."""
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

    def _roll(self, log: str, version: int) -> None:
        record = self._store.settle(record_key(log, version))  # its writer may not have come to make it durable
        if record is not None:
            self._catalog.advance(log, version, record)

    def _now(self) -> tuple[float, float]:
        """One of them may stand still while the machine sleeps, the other may be set."""
        return self._clock.monotonic_seconds(), self._clock.now_us() / 1_000_000


def _at_once(ask: Callable[[str], Answer], logs: Sequence[str]) -> list[Answer]:
    """The answers for many logs, in that order; each may take a round trip to storage."""
    if len(logs) <= _FEW:
        return [ask(log) for log in logs]
    with ThreadPoolExecutor(_FEW) as pool:
        return list(pool.map(ask, logs))


def _versions(keys: Iterable[str]) -> list[int]:
    return [version for key in keys if (version := version_of(key)) is not None]
