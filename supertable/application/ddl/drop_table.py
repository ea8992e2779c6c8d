"""Dropping and restoring tables. Only the registry changes, until a vacuum removes the dropped table's objects."""

from __future__ import annotations

from supertable.application.commits.preconditions import require_same_entry
from supertable.application.commits.registrar import Registrar
from supertable.application.commits.table_creator import checked_table_name
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import WrongKind
from supertable.domain.table.registry import Registry, RegistryAction, RegistryChange


class DropTable:
    """Drops a table. Its name is free at once. A write in flight is refused when it commits: see `Tables.newest`."""

    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar

    def __call__(self, namespace: Namespace, name: str, read: OpenTable | None = None, view: bool = False) -> None:
        """`read`: the table as the caller read it; None: no precondition. `view`: drop a view instead.

        Raises `TableNotFound`, `WrongKind`, and `Outdated` if the name belongs to another table now.
        """

        def drop(registry: Registry) -> RegistryChange:
            entry = registry.find(name)
            require_same_entry(entry, read)
            if entry.view != view:
                raise WrongKind(entry.name, entry.view)
            return RegistryChange(RegistryAction.DROP, entry.table_id)

        self._registrar.change(namespace, drop, frees_space=True)


class UndropTable:
    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar

    def __call__(self, namespace: Namespace, name: str, as_name: str | None = None) -> str:
        """Restore the table of that name that was dropped last, unchanged, and return the name that it has now.

        Raises `TableNotFound`, and `TableExists` if its name (or `as_name`) belongs to another table by now.
        """
        if as_name is not None:
            checked_table_name(namespace, as_name)

        def undrop(registry: Registry) -> RegistryChange:
            registry.require_free(as_name or name)
            entry = registry.find_dropped(name)
            return RegistryChange(RegistryAction.UNDROP, entry.table_id, as_name or entry.name)

        registry = self._registrar.change(namespace, undrop)
        return registry.find(as_name or name).name
