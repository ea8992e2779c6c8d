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
from supertable.domain.maintenance.record_values import (
    SETTLING_SECONDS,
    ValueIndex,
    sizes_of,
    sizes_without,
    values_missing,
    without_values,
)
from supertable.domain.storage_layout import record_key, records_folder, value_index_key, version_of
from supertable.domain.table.commits import Commit
from supertable.domain.table.snapshots import Snapshot

_LOG = logging.getLogger(__name__)
_AT_ONCE = 16
_UNREAD = ""
"""In place of a path: the record could not be read. fsck reports it, and a later vacuum reads it again."""


class RecordValues:
    """For one vacuum of one table, whose folder is `log`. `now_us`: the time when it begins.

    An index remembers which records hold values. So a record is read once, and once more when values of it can go. The
    index saves reads, and nothing else: before values are taken out of a record, the record itself is read.

    Vacuums that run at the same time may replace one record in any order, so that what one took out is there again. So
    the index keeps what is missing in a record that was replaced within `SETTLING_SECONDS`, as if it were there. A
    later vacuum reads the record again.
    """

    def __init__(
        self,
        snapshots: VersionedLog[Commit, Snapshot],
        store: ObjectStore,
        codec: DocumentCodec[ValueIndex],
        log: str,
        now_us: int,
    ) -> None:
        self._snapshots = snapshots
        self._store = store
        self._codec = codec
        self._log = log
        self._settled_us = now_us - SETTLING_SECONDS * 1_000_000
        self._key = value_index_key(log)
        self._stored = self._loaded()
        self._through, self._commit_id = self._stored.through, self._stored.commit_id
        self._held = dict(self._stored.held)
        self._found: dict[int, dict[str, int]] = {}
        """What the records hold that this vacuum has read. What it takes out of them stays in the index."""

    def unneeded(self, up_to: int, needed: Collection[str]) -> dict[int, dict[str, int]]:
        """The values of files that are not `needed`: `sizes_of`, by version, ascending. `up_to`: the newest version
        whose record may lose any."""
        self._read(range(self._through + 1, up_to + 1))
        held = sorted(version for version in self._held if version <= up_to)
        unread = [version for version in held if version not in self._found]
        self._read([version for version in unread if sizes_without(self._held[version], needed)])
        rests = {version: sizes_without(self._found.get(version, {}), needed) for version in held}
        return {version: rest for version, rest in rests.items() if rest and _UNREAD not in rest}

    def take_out(self, values: Mapping[int, Collection[str]]) -> None:
        """Replace the records of some versions by ones without the values of these files."""

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

    def _read(self, versions: Sequence[int]) -> None:
        missing: dict[int, set[str]] = {}
        for version, record in zip(versions, read_ahead(self._record, versions), strict=True):
            self._note(version, record)
            if record and (paths := values_missing(record)):
                missing[version] = paths
        for version in self._unsettled(missing):
            self._held[version] = {**dict.fromkeys(missing[version], 0), **self._held.get(version, {})}

    def _unsettled(self, versions: Collection[int]) -> list[int]:
        """Those whose records were replaced so recently that values may be put back. Listed after they were read."""
        if not versions:
            return []
        entries = self._store.list(
            f"{records_folder(self._log)}/", start_after=record_key(self._log, min(versions) - 1)
        )
        changed = {version_of(entry.key) for entry in entries if entry.modified_at_us >= self._settled_us}
        return [version for version in versions if version in changed]

    def _record(self, version: int) -> Commit | None:
        try:
            return self._snapshots.record(self._log, version)
        except Damaged as error:
            _LOG.warning("a record that may hold values of expired rows cannot be read: %s", error)
            return None

    def _note(self, version: int, record: Commit | None) -> None:
        self._held.pop(version, None)
        self._found[version] = sizes_of(record) if record else {_UNREAD: 0}
        if self._found[version]:
            self._held[version] = self._found[version]
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
