"""The commit records of a table that hold values of rows, and taking values out of them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from supertable.application.ports.codecs import DocumentCodec, TooNew, Undecodable
from supertable.application.ports.object_stores import ObjectStore
from supertable.application.storage.sealed_objects import opened, sealed
from supertable.application.transaction_log.read_ahead import read_ahead
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.errors import Damaged, SupertableError
from supertable.domain.maintenance.record_values import ValueIndex, sizes_of, without_values
from supertable.domain.storage_layout import value_index_key
from supertable.domain.table.commits import Commit
from supertable.domain.table.snapshots import Snapshot

_LOG = logging.getLogger(__name__)
_AT_ONCE = 16
_UNREAD = ""
"""In place of a path: the record could not be read. fsck reports it, and a later vacuum reads it again."""


class RecordValues:
    """For one vacuum of one table, whose folder is `log`.

    An index remembers which records hold values. So a record is read once, and once more when values of it can go. The
    index saves reads, and nothing else: before values are taken out of a record, the record itself is read.
    """

    def __init__(
        self, snapshots: VersionedLog[Commit, Snapshot], store: ObjectStore, codec: DocumentCodec[ValueIndex], log: str
    ) -> None:
        self._snapshots = snapshots
        self._store = store
        self._codec = codec
        self._log = log
        self._key = value_index_key(log)
        self._stored = self._loaded()
        self._through, self._commit_id = self._stored.through, self._stored.commit_id
        self._held = dict(self._stored.held)
        self._seen: set[int] = set()
        """The records that this vacuum has read. What it takes out of them stays in the index until a later one has
        read that it is gone: another vacuum may have replaced the same record at the same time."""

    def unneeded(self, up_to: int, needed: Collection[str]) -> dict[int, dict[str, int]]:
        """The values of files that are not `needed`: `sizes_of`, by version, ascending. `up_to`: the newest version
        whose record may lose any."""
        self._read(range(self._through + 1, up_to + 1))
        held = sorted(version for version in self._held if version <= up_to)
        self._read([version for version in held if version not in self._seen and self._rest(version, needed)])
        rests = {version: self._rest(version, needed) for version in held if version in self._held}
        return {version: rest for version, rest in rests.items() if rest and _UNREAD not in rest}

    def take_out(self, values: Mapping[int, Collection[str]]) -> None:
        """Replace the records of some versions by ones without the values of these files; see `_seen`."""

        def take_out_of(version: int) -> None:
            record = self._snapshots.record(self._log, version)
            self._snapshots.replace_record(self._log, without_values(record, values[version]))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(take_out_of, values))

    def save(self) -> None:
        """Store the index for the next vacuum, if it changed."""
        index = ValueIndex(self._through, self._commit_id, self._held)
        if index == self._stored:
            return
        try:
            self._store.put(self._key, sealed(self._key, self._codec.encode(index)))
        except SupertableError as error:
            _LOG.warning("the index of values in the records of %s was not written: %s", self._log, error)

    def _rest(self, version: int, needed: Collection[str]) -> dict[str, int]:
        return {path: size for path, size in self._held[version].items() if path not in needed}

    def _read(self, versions: Sequence[int]) -> None:
        for version, record in zip(versions, read_ahead(self._record, versions), strict=True):
            self._note(version, record)

    def _record(self, version: int) -> Commit | None:
        try:
            return self._snapshots.record(self._log, version)
        except Damaged as error:
            _LOG.warning("a record that may hold values of expired rows cannot be read: %s", error)
            return None

    def _note(self, version: int, record: Commit | None) -> None:
        self._seen.add(version)
        self._held.pop(version, None)
        if sizes := sizes_of(record) if record else {_UNREAD: 0}:
            self._held[version] = sizes
        if record and version > self._through:
            self._through, self._commit_id = version, record.id

    def _loaded(self) -> ValueIndex:
        """The stored index; an empty one if it is missing or damaged, or if the log has other commits than it read."""
        data = self._store.read(self._key)
        if data is None:
            return ValueIndex()
        try:
            index = self._codec.decode(opened(self._key, data))
            known = self._snapshots.record(self._log, index.through).id == index.commit_id
        except (Damaged, Undecodable, TooNew):
            return ValueIndex()
        return index if known else ValueIndex()
