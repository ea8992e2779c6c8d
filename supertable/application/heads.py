"""Which version of each log is the newest, by the catalog's word, checked against storage."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from supertable.application.ports.catalogs import Catalog, Head
from supertable.application.ports.object_stores import ObjectStore
from supertable.domain.errors import CatalogUnavailable, ObjectMissing
from supertable.domain.layout import record_key, version_of

_LOG = logging.getLogger(__name__)

_MOST_CUTS = 5


class Heads:
    """Reads cuts of heads. Storage is the truth: a head is verified there before it is believed.

    With `probe_every_read` that is done at every read (right for local storage, where a probe costs microseconds);
    otherwise once per log and catalog identity.
    """

    def __init__(self, store: ObjectStore, catalog: Catalog, probe_every_read: bool) -> None:
        self._store = store
        self._catalog = catalog
        self._probe_every_read = probe_every_read
        self._verified: set[tuple[str, str]] = set()

    def cut(self, known: Mapping[str, int]) -> dict[str, Head]:
        """The heads of all the logs at one moment, with the records after the known version where the catalog has them.

        Includes every commit that was acknowledged before the call. A log that does not exist is left out. A head whose
        record is not in storage is `ObjectMissing`: only durable records are announced, so it was there.
        """
        for _ in range(_MOST_CUTS):
            identity = self._catalog.identity()
            heads = self._catalog.heads(known)
            behind = [log for log in known if self._rolled_forward(identity, log, heads.get(log))]
            if not behind:
                return heads
            heads = self._catalog.heads(known)
            if self._catalog.identity() == identity and all(log in heads for log in behind):
                return heads  # one moment after every roll-forward, so nothing acknowledged before is missing
        raise CatalogUnavailable("its heads kept falling behind storage while they were read")

    def announce(self, log: str, version: int, record: bytes) -> None:
        """Tell the catalog of a durable commit. Its failure loses nothing: the next reader rolls the head forward."""
        try:
            self._catalog.advance(log, version, record)
        except CatalogUnavailable as error:
            self._verified.clear()
            _LOG.warning("commit %s of %s is durable but not announced yet: %s", version, log, error)

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

    def _newest_checkpoint(self, log: str) -> int:
        newest = max(self.checkpoints(log), default=0)
        if newest and self._store.size(record_key(log, newest)) is None:
            return 0  # the log is not whole; the reader will say so
        return newest

    def _rolled_forward(self, identity: str, log: str, head: Head | None) -> bool:
        if not self._probe_every_read and (identity, log) in self._verified:
            return False
        present = head.version if head else 0
        if head and self._store.size(record_key(log, present)) is None:
            raise ObjectMissing(record_key(log, present))
        if head and self._store.size(record_key(log, present + 1)) is None:
            self._verified.add((identity, log))
            return False
        return self.catch_up(log, after=present) > present

    def _roll(self, log: str, version: int) -> None:
        record = self._store.settle(record_key(log, version))  # its writer may not have come to make it durable
        if record is not None:
            self._catalog.advance(log, version, record)


def _versions(keys: Iterable[str]) -> list[int]:
    return [version for key in keys if (version := version_of(key)) is not None]
