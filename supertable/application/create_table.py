"""Creating a table: its log first, then its name in the registry, so that a name always leads to a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from supertable.application.arrow_schemas import fields_of
from supertable.application.logs import Log
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.application.registering import Registrar
from supertable.application.tables import OpenTable, Place, Tables
from supertable.domain.commits import Change, Commit, Operation, TableDefinition
from supertable.domain.errors import TableExists
from supertable.domain.names import checked_name, name_key
from supertable.domain.registry import Registry, RegistryAction, RegistryChange, TableEntry
from supertable.domain.schemas import check_keys, first_schema
from supertable.domain.snapshots import Snapshot


def checked_table_name(place: Place, name: str) -> str:
    """A name that a table of this place may have. Raises `InvalidName` and `TableExists`."""
    checked_name("table", name)
    if name_key(name) == name_key(place.supertable):
        raise TableExists(name)  # the name of the supertable stands for the union of its tables
    return name


class CreateTable:
    def __init__(
        self,
        tables: Tables,
        snapshots: Log[Commit, Snapshot],
        registrar: Registrar,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._tables = tables
        self._snapshots = snapshots
        self._registrar = registrar
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
        fill: Callable[[OpenTable], object] = lambda table: None,
    ) -> OpenTable:
        """The new table. Raises `InvalidName`, `InvalidSchema` or `TableExists`.

        `fill` may write to it before its name is known to anyone; if that fails there is no table.
        """
        checked_table_name(place, name)
        columns = first_schema(fields_of(schema))
        key_ids, sequence_id = check_keys(columns, keys, sequence)
        self._tables.registry(place).require_free(name)
        definition = TableDefinition(key_ids, sequence_id, comment)
        table_id = self._identifiers.new()
        folder = place.folder(table_id)
        change = Change(Operation.CREATE, definition=definition, schema=columns)
        commit = Commit(self._identifiers.new(), 1, self._clock.now_us(), change)
        snapshot = self._snapshots.append(folder, None, commit)
        assert snapshot is not None, "table ids are unique"

        created = OpenTable(TableEntry(name, table_id), folder, snapshot)
        fill(created)

        def add(registry: Registry) -> RegistryChange:
            registry.require_free(name)
            return RegistryChange(RegistryAction.ADD, table_id, name)

        self._registrar.change(place, add)
        return created
