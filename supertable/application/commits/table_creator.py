"""Creation of tables: first the log, then the name in the registry. So a name always leads to a table."""

from __future__ import annotations

from collections.abc import Callable

from supertable.application.commits.registrar import Registrar
from supertable.application.commits.version_pins import VersionPin
from supertable.application.ports.clocks import Identifiers
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.application.transaction_log.commit_clock import CommitClock
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.errors import InvalidName, TableExists
from supertable.domain.names import checked_name, name_key
from supertable.domain.system_tables import is_system
from supertable.domain.table.commits import Change, Commit
from supertable.domain.table.registry import Registry, RegistryAction, RegistryChange, TableEntry
from supertable.domain.table.snapshots import Snapshot


def checked_table_name(namespace: Namespace, name: str) -> str:
    """The name, if a new table of the supertable may have it. Raises `InvalidName` and `TableExists`."""
    checked_name("table", name)
    if is_system(namespace.supertable):
        raise InvalidName("supertable", namespace.supertable, "it is reserved for SuperTable's own tables")
    if name_key(name) == name_key(namespace.supertable):
        raise TableExists(name)  # in SQL the name of the supertable is the union of its tables
    return name


class TableCreator:
    def __init__(
        self,
        tables: Tables,
        snapshots: VersionedLog[Commit, Snapshot],
        registrar: Registrar,
        commit_clock: CommitClock,
        identifiers: Identifiers,
    ) -> None:
        self._tables = tables
        self._snapshots = snapshots
        self._registrar = registrar
        self._commit_clock = commit_clock
        self._identifiers = identifiers

    def __call__(
        self,
        namespace: Namespace,
        name: str,
        first: Change,
        fill: Callable[[OpenTable], object] = lambda table: None,
        pin: VersionPin | None = None,
    ) -> OpenTable:
        """Create a table with `first` as its first version, and return it. Raises `TableExists`.

        `fill` may write to the table before its name is registered; if `fill` fails, the table is never registered.
        `pin`: on the version that a clone is made of; raises `TableNotFound` if that table was dropped since, and what
        pins raise.
        """
        self._tables.registry(namespace).require_free(name)
        table_id = self._identifiers.new()
        folder = namespace.folder(table_id)
        commit = Commit(self._identifiers.new(), 1, self._commit_clock.after(0), first)
        snapshot = self._snapshots.append(folder, None, commit)
        assert snapshot is not None, "table ids are unique"

        created = OpenTable(TableEntry(name, table_id), folder, snapshot, destination=namespace)
        fill(created)

        def add(registry: Registry) -> RegistryChange:
            registry.require_free(name)
            if pin is None:
                return RegistryChange(RegistryAction.ADD, table_id, name, view=bool(snapshot.definition.view))
            return RegistryChange(RegistryAction.ADD, table_id, name, pin.version, pin.prepare(registry).table_id)

        self._registrar.change(namespace, add)
        if pin is not None:
            pin.confirm(self._registrar, namespace, RegistryChange(RegistryAction.PURGE, table_id))
        return created
