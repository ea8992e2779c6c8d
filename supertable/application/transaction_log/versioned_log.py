"""A versioned log: records created by put-if-absent, which fold into a state, and checkpoints of that state.

Tables, registries and accounts are stored this way. The creation of `log/<version>` is the commit point.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from supertable.application.ports.catalogs import Head
from supertable.application.ports.codecs import LogCodec, TooNew, Undecodable
from supertable.application.ports.object_stores import ObjectStore, PutAmbiguous, PutConflict
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.application.transaction_log.heads import Heads
from supertable.application.transaction_log.read_ahead import read_ahead
from supertable.domain.errors import (
    CommitUncertain,
    Damaged,
    FormatTooNew,
    ObjectDamaged,
    ObjectMissing,
    SupertableError,
)
from supertable.domain.storage_layout import checkpoint_key, record_key
from supertable.domain.table.checkpoints import checkpoint_due, early_checkpoint_due

_LOG = logging.getLogger(__name__)
_CACHED_STATES = 256
_MOST_PUTS = 3


class LogRecord(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def version(self) -> int: ...


class LogState(Protocol):
    @property
    def version(self) -> int: ...


Record = TypeVar("Record", bound=LogRecord)
State = TypeVar("State", bound=LogState)


class VersionedLog(Generic[Record, State]):
    """Any number of logs of one kind. States are immutable and cached by version. Thread-safe.

    `fold`: applies records to a state (None: the empty one). `entries`: the size of a state, which decides when a
    checkpoint is due. `weight`: how many entries a record changes.
    """

    def __init__(
        self,
        store: ObjectStore,
        heads: Heads,
        codec: LogCodec[Record, State],
        fold: Callable[[State | None, Iterable[Record]], State | None],
        entries: Callable[[State], int],
        weight: Callable[[Record], int] = lambda record: 1,
    ) -> None:
        self._store = store
        self._heads = heads
        self._codec = codec
        self._fold = fold
        self._entries = entries
        self._weight = weight
        self._states: OrderedDict[tuple[str, int], State] = OrderedDict()
        self._newest: dict[str, int] = {}
        self._changed: dict[str, int] = {}
        self._lock = threading.Lock()

    def known(self, log: str) -> int:
        """The newest version that this process has cached (0: none), as `Heads.cut` takes it."""
        with self._lock:
            return self._newest.get(log, 0)

    def cached(self, log: str) -> State | None:
        """The newest state that this process has cached, or None. Newer versions may exist."""
        with self._lock:
            return self._states.get((log, self._newest.get(log, 0)))

    def state_at(self, log: str, head: Head) -> State:
        """The state at a head, from the records that the head carries as far as possible. Raises as `state`."""
        carried = {head.version - len(head.records) + 1 + i: data for i, data in enumerate(head.records)}
        return self._build(log, head.version, carried)

    def state(self, log: str, version: int) -> State:
        """The state at a version that is known to exist. Raises `Damaged` when it cannot be reproduced exactly."""
        return self._build(log, version, {})

    def record(self, log: str, version: int) -> Record:
        """The record of one version. Raises `ObjectMissing`, `ObjectDamaged` or `FormatTooNew`."""
        key = record_key(log, version)
        data = self._store.read(key)
        if data is None:
            raise ObjectMissing(key)
        return self._decoded(key, data, self._codec.decode_record)

    def records(self, log: str, versions: Sequence[int]) -> Iterator[Record]:
        """The records of these versions, in their order, read ahead. Raises as `record`."""
        return read_ahead(lambda version: self.record(log, version), versions)

    def append(self, log: str, base: State | None, record: Record) -> State | None:
        """Try to commit `record` as the version after `base` (None: as the first).

        Returns the new state; the commit is then durable, and every reader sees it. Returns None if another commit has
        that version already. Raises `CommitUncertain` when the store does not say whether the commit was created, or
        when readers may not see it yet; and `CatalogUnavailable` when nothing was tried, since the catalog cannot
        expect the commit.
        """
        key = record_key(log, record.version)
        data = sealed(key, self._codec.encode_record(record))
        expected = self._heads.expect(log, record.version)
        if not self._put(key, data, record):
            return None
        if not self._heads.announce(expected, data):
            raise CommitUncertain(
                record.id, record.version, "storage answered too late, and then the catalog did not answer."
            )
        state = self._fold(base, [record])
        assert state is not None
        self._remember(log, state, self._changed.get(log, 0) + self._weight(record))
        self._checkpoint(log, state)
        return state

    def replace_record(self, log: str, record: Record) -> None:
        """Replace the record of its version. States of versions that are kept must stay as they are."""
        key = record_key(log, record.version)
        self._store.put(key, sealed(key, self._codec.encode_record(record)))

    def write_checkpoint(self, log: str, version: int) -> None:
        """Raises as `state`, and `StoreUnavailable`."""
        key = checkpoint_key(log, version)
        self._store.put(key, sealed(key, self._codec.encode_state(self.state(log, version))))

    def _put(self, key: str, data: bytes, record: Record) -> bool:
        for _ in range(_MOST_PUTS):
            try:
                self._store.put_if_absent(key, data)
                return True
            except PutConflict:
                return self._is_mine(key, self._store.read(key), record)
            except PutAmbiguous:
                settled = self._settled(key, record)
                if settled is not None:
                    return self._is_mine(key, settled, record)
        raise CommitUncertain(record.id, record.version, "the store gave no definite answer.")

    def _is_mine(self, key: str, stored: bytes | None, record: Record) -> bool:
        """Whether the stored record is this one. Its bytes may differ: see `replace_record`."""
        try:
            return stored is not None and self._decoded(key, stored, self._codec.decode_record).id == record.id
        except Damaged:
            return False

    def _settled(self, key: str, record: Record) -> bytes | None:
        try:
            return self._store.settle(key)
        except SupertableError as error:
            raise CommitUncertain(record.id, record.version, str(error)) from error

    def _checkpoint(self, log: str, state: State) -> None:
        entries = self._entries(state)
        if not checkpoint_due(state.version, entries) and not early_checkpoint_due(self._changed.get(log, 0), entries):
            return
        key = checkpoint_key(log, state.version)
        try:
            self._store.put(key, sealed(key, self._codec.encode_state(state)))
            self._changed[log] = 0
        except SupertableError as error:
            _LOG.warning("the checkpoint of %s at version %s was not written: %s", log, state.version, error)

    def _build(self, log: str, version: int, carried: dict[int, bytes]) -> State:
        base, from_checkpoint = self._base(log, version, carried)
        start = base.version if base else 0
        if base and start == version:
            if from_checkpoint:
                self._remember(log, base, 0)
            return base
        records = self._records(log, range(start + 1, version + 1), carried)
        state = self._replayed(log, base, records)
        before = 0 if from_checkpoint else self._changed.get(log, 0)
        self._remember(log, state, before + sum(map(self._weight, records)))
        return state

    def _replayed(self, log: str, base: State | None, records: Sequence[Record]) -> State:
        last = record_key(log, records[-1].version)
        try:
            state = self._fold(base, records)
        except ValueError as error:
            raise ObjectDamaged(last, f"the records of the log contradict each other: {error}") from error
        if state is None:
            raise ObjectMissing(last)
        return state

    def _base(self, log: str, version: int, carried: dict[int, bytes]) -> tuple[State | None, bool]:
        """The nearest state to start from: a cached one, a later checkpoint, or None; whether it is a checkpoint."""
        with self._lock:
            nearest = max((at for name, at in self._states if name == log and at <= version), default=0)
            cached = self._states.get((log, nearest))
        if cached is not None and all(n in carried for n in range(nearest + 1, version + 1)):
            return cached, False
        for checkpoint in reversed(self._heads.checkpoints(log)):
            if nearest < checkpoint <= version:
                try:
                    return self._checkpoint_state(log, checkpoint), True
                except (ObjectDamaged, ObjectMissing) as error:  # the log gives the same state, only more slowly
                    _LOG.warning("damaged checkpoint ignored; `supertable fsck --repair` rewrites it: %s", error)
        return cached, False

    def _checkpoint_state(self, log: str, version: int) -> State:
        key = checkpoint_key(log, version)
        data = self._store.read(key)
        if data is None:
            raise ObjectMissing(key)
        return self._decoded(key, data, self._codec.decode_state)

    def _records(self, log: str, versions: Sequence[int], carried: dict[int, bytes]) -> list[Record]:
        stored = self.records(log, [version for version in versions if version not in carried])
        return [self._record(log, version, carried) if version in carried else next(stored) for version in versions]

    def _record(self, log: str, version: int, carried: dict[int, bytes]) -> Record:
        try:
            return self._decoded(record_key(log, version), carried[version], self._codec.decode_record)
        except ObjectDamaged:
            _LOG.warning("the catalog's copy of version %s of %s is damaged; reading it from storage", version, log)
            return self.record(log, version)

    def _remember(self, log: str, state: State, changed: int) -> None:
        """`changed`: how many entries were changed since the checkpoint before the state."""
        with self._lock:
            if state.version >= self._newest.get(log, 0):
                self._changed[log] = changed
            self._states[(log, state.version)] = state
            self._states.move_to_end((log, state.version))
            self._newest[log] = max(state.version, self._newest.get(log, 0))
            self._states.pop((log, state.version - 1), None)
            while len(self._states) > _CACHED_STATES:
                (name, at), _ = self._states.popitem(last=False)
                if self._newest.get(name) == at:
                    del self._newest[name]
                    self._changed.pop(name, None)

    @staticmethod
    def _decoded(key: str, data: bytes, decode: Callable[[bytes], Decoded]) -> Decoded:
        try:
            return decode(opened(key, data))
        except TooNew as error:
            raise FormatTooNew(key, error.found, error.known) from error
        except Undecodable as error:
            raise ObjectDamaged(key, str(error)) from error


Decoded = TypeVar("Decoded")
