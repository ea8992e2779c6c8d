"""Creating a table: its log first, then its name in the registry, so that a name always leads to a table."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from supertable.application.arrow_schemas import fields_of
from supertable.application.heads import Heads
from supertable.application.logs import Log
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.tables import OpenTable, Place, Tables
from supertable.domain.commits import Change, Commit, Operation, TableDefinition
from supertable.domain.errors import Conflict, TableExists
from supertable.domain.names import checked_name, name_key
from supertable.domain.registry import Registry, RegistryCommit, TableEntry
from supertable.domain.schemas import check_keys, first_schema
from supertable.domain.snapshots import Snapshot

_MOST_ATTEMPTS = 64


class CreateTable:
    def __init__(
        self,
        tables: Tables,
        registries: Log[RegistryCommit, Registry],
        snapshots: Log[Commit, Snapshot],
        heads: Heads,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._tables = tables
        self._registries = registries
        self._snapshots = snapshots
        self._heads = heads
        self._clock = clock
        self._identifiers = identifiers

    def __call__(
        self,
        place: Place,
        name: str,
        schema: pa.Schema,
        keys: Sequence[str] = (),
        sequence: str | None = None,
        comment: str = "",
    ) -> OpenTable:
        """The new table at version 1, empty. Raises `InvalidName`, `InvalidSchema` or `TableExists`."""
        checked_name("table", name)
        if name_key(name) == name_key(place.supertable):
            raise TableExists(name)  # the name of the supertable stands for the union of its tables
        columns = first_schema(fields_of(schema))
        key_ids, sequence_id = check_keys(columns, keys, sequence)
        self._tables.registry(place).require_free(name)
        definition = TableDefinition(name, key_ids, sequence_id, comment)
        entry = TableEntry(name, self._identifiers.new())
        folder = place.folder(entry.table_id)
        change = Change(Operation.CREATE, definition=definition, schema=columns)
        commit = Commit(self._identifiers.new(), 1, self._clock.now_us(), change)
        snapshot = self._snapshots.append(folder, None, commit)
        assert snapshot is not None, "table ids are unique"
        self._register(place, entry)
        return OpenTable(name, folder, snapshot)

    def _register(self, place: Place, entry: TableEntry) -> None:
        for _ in range(_MOST_ATTEMPTS):
            registry = self._tables.registry(place)
            registry.require_free(entry.name)
            now = max(self._clock.now_us(), registry.committed_at_us + 1)
            commit = RegistryCommit(self._identifiers.new(), registry.version + 1, now, entry)
            base = registry if registry.version else None
            if self._registries.append(place.registry, base, commit) is not None:
                return
            self._heads.catch_up(place.registry, registry.version)
        raise Conflict(f"{place.supertable} changed too often.", entry.table_id, "others")
