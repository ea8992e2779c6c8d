"""Checks one log: every record exists and is intact, their replay succeeds, and every checkpoint equals its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from supertable.application.ports.codecs import LogCodec, TooNew, Undecodable
from supertable.application.ports.object_stores import ObjectStore, PutConflict
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.application.transaction_log.versioned_log import LogRecord, LogState, VersionedLog
from supertable.domain.errors import ObjectDamaged
from supertable.domain.findings import Finding, Severity
from supertable.domain.maintenance.vacuum import Span, superseded_checkpoints
from supertable.domain.storage_layout import checkpoint_key, checkpoints_folder, record_key, records_folder, version_of
from supertable.domain.table.checkpoints import SHORTEST_INTERVAL, checkpoint_due

Record = TypeVar("Record", bound=LogRecord)
State = TypeVar("State", bound=LogState)
Body = TypeVar("Body")
_REWRITTEN = "rewritten from the log"


@dataclass(slots=True)
class CheckedLog(Generic[State]):
    """The result of a check. `newest`: the last version (0: no log). `records`: how many were read.

    `state`: that of the newest version; None: it cannot be replayed. `due`: the versions that got a checkpoint when
    they were committed, ascending.
    """

    log: str
    newest: int = 0
    state: State | None = None
    records: int = 0
    checkpoints: frozenset[int] = frozenset()
    due: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class LogChecker(Generic[Record, State]):
    """Reads storage only, and trusts no cache."""

    def __init__(
        self,
        store: ObjectStore,
        codec: LogCodec[Record, State],
        fold: Callable[[State | None, Iterable[Record]], State | None],
        entries: Callable[[State], int],
        complete: Callable[[str, Record], bool] = lambda log, record: True,
    ) -> None:
        """`complete`: whether all objects that a record refers to exist, so that the record may be restored."""
        self._store = store
        self._codec = codec
        self._fold = fold
        self._entries = entries
        self._complete = complete

    def check(self, log: str, copies: Mapping[int, bytes], repair: bool) -> CheckedLog[State]:
        """`copies`: the catalog's records, by version, from which damaged ones in storage are restored if `repair`."""
        checked: CheckedLog[State] = CheckedLog(log)
        stored = self._versions(checked, records_folder(log), record_key)
        usable = [version for version in copies if self._copy(log, version, copies) is not None]
        checked.newest = max([*stored, *usable], default=0)
        checked.checkpoints = frozenset(self._versions(checked, checkpoints_folder(log), checkpoint_key))
        replay = _Replay[Record, State]()
        for version in range(1, checked.newest + 1):
            record = self._record(checked, version, copies, repair)
            replay.add(record)
            checked.records += record is not None
            if version % SHORTEST_INTERVAL == 0 or version in checked.checkpoints or version == checked.newest:
                self._check_state(checked, version, replay, repair)
        checked.state = replay.state if replay.known else None
        for version in sorted(checked.checkpoints):
            if version > checked.newest:
                lost = "a checkpoint of a version without a record: the end of the log is lost"
                checked.findings.append(Finding(checkpoint_key(log, version), lost, Severity.DAMAGE))
        return checked

    def check_missing(
        self, checked: CheckedLog[State], kept: Iterable[Span], states: VersionedLog[Record, State] | None
    ) -> None:
        """Find the missing checkpoints of the kept versions. `states`: to rewrite them from; None: no repair.

        The checkpoint of the newest version is ignored: it may be about to be written.
        """
        superseded = superseded_checkpoints({*checked.due, *checked.checkpoints}, kept)
        expected = {*checked.due} - {*superseded} - {checked.newest}
        for version in sorted(expected - checked.checkpoints):
            finding = Finding(checkpoint_key(checked.log, version), "it is missing", Severity.WARNING, _REWRITTEN)
            if states is not None:
                self._write_checkpoint(checked.log, states.state(checked.log, version))
                finding = finding.done()
            checked.findings.append(finding)

    def _write_checkpoint(self, log: str, state: State) -> None:
        key = checkpoint_key(log, state.version)
        self._store.put(key, sealed(key, self._codec.encode_state(state)))

    def _versions(self, checked: CheckedLog[State], folder: str, key_of: Callable[[str, int], str]) -> list[int]:
        versions = []
        for entry in self._store.list(f"{folder}/"):
            version = version_of(entry.key)
            if version is None or entry.key != key_of(checked.log, version):
                checked.findings.append(
                    Finding(entry.key, "an object that does not belong in this folder", Severity.WARNING)
                )
            else:
                versions.append(version)
        return versions

    def _record(
        self, checked: CheckedLog[State], version: int, copies: Mapping[int, bytes], repair: bool
    ) -> Record | None:
        key = record_key(checked.log, version)
        found = self._read(key, self._codec.decode_record)
        if not isinstance(found, str):
            return found
        copy = self._copy(checked.log, version, copies)
        if copy is None:
            checked.findings.append(Finding(key, found, Severity.DAMAGE))
            return None
        finding = Finding(key, found, Severity.DAMAGE, "restored from the catalog's copy")
        checked.findings.append(self._restore(key, copies[version], finding) if repair else finding)
        return copy

    def _restore(self, key: str, data: bytes, finding: Finding) -> Finding:
        if self._store.size(key) is not None:
            self._store.put(key, data)
            return finding.done()
        try:
            self._store.put_if_absent(key, data)
            return finding.done()
        except PutConflict:  # another process restored it first
            return finding

    def _check_state(
        self, checked: CheckedLog[State], version: int, replay: _Replay[Record, State], repair: bool
    ) -> None:
        """Replay up to this version, and compare the state with the checkpoint, if there is one."""
        replay.fold(self._fold, checked, version)
        if version in checked.checkpoints:
            self._compare(checked, version, replay, repair)
        if replay.known and replay.state and checkpoint_due(version, self._entries(replay.state)):
            checked.due.append(version)

    def _compare(self, checked: CheckedLog[State], version: int, replay: _Replay[Record, State], repair: bool) -> None:
        key = checkpoint_key(checked.log, version)
        if self._store.size(key) is None:  # a vacuum removed it after it was listed
            checked.checkpoints -= {version}
            return
        stored = self._read(key, self._codec.decode_state)
        if not replay.known:
            if isinstance(stored, str):
                checked.findings.append(Finding(key, stored, Severity.DAMAGE))
            else:
                replay.resume(stored)
            return
        if isinstance(stored, str) or stored != replay.state:
            what = stored if isinstance(stored, str) else "it differs from the state that the log gives"
            finding = Finding(key, what, Severity.DAMAGE, _REWRITTEN)
            if repair and replay.state:
                self._write_checkpoint(checked.log, replay.state)
                finding = finding.done()
            checked.findings.append(finding)

    def _copy(self, log: str, version: int, copies: Mapping[int, bytes]) -> Record | None:
        found = self._decoded(record_key(log, version), copies.get(version), self._codec.decode_record)
        return None if isinstance(found, str) or not self._complete(log, found) else found

    def _read(self, key: str, decode: Callable[[bytes], Body]) -> Body | str:
        return self._decoded(key, self._store.read(key), decode)

    @staticmethod
    def _decoded(key: str, data: bytes | None, decode: Callable[[bytes], Body]) -> Body | str:
        """The decoded bytes, or what is wrong with them."""
        if data is None:
            return "it is missing"
        try:
            return decode(opened(key, data))
        except ObjectDamaged as error:
            return error.reason
        except TooNew as error:
            return f"it has format {error.found}, and this version of SuperTable supports up to {error.known}"
        except Undecodable as error:
            return str(error)


class _Replay(Generic[Record, State]):
    """The replayed state. It is not `known` from a damaged record to the next checkpoint."""

    def __init__(self) -> None:
        self.state: State | None = None
        self.known = True
        self._pending: list[Record] = []

    def add(self, record: Record | None) -> None:
        if record is None:
            self.known = False
        self._pending = [*self._pending, record] if self.known and record is not None else []

    def fold(
        self,
        fold: Callable[[State | None, Iterable[Record]], State | None],
        checked: CheckedLog[State],
        version: int,
    ) -> None:
        pending, self._pending = self._pending, []
        if not self.known or not pending:
            return
        try:
            self.state = fold(self.state, pending)
        except (ValueError, KeyError) as error:
            self.known = False
            what = f"the records up to this one contradict each other: {error}"
            checked.findings.append(Finding(record_key(checked.log, version), what, Severity.DAMAGE))

    def resume(self, state: State) -> None:
        self.state, self.known = state, True
