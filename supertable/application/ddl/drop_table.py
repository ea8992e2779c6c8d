"""Dropping a table, and bringing it back: only the registry changes, until a vacuum removes what was dropped."""

from __future__ import annotations

from supertable.application.commits.preconditions import require_same_entry
from supertable.application.commits.registrar import Registrar
from supertable.application.commits.table_creator import checked_table_name
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.table.registry import Registry, RegistryAction, RegistryChange


class DropTable:
    """The name is free at once. A write in flight is refused when it commits: see `Tables.newest`."""

    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar

    def __call__(self, namespace: Namespace, name: str, read: OpenTable | None = None) -> None:
        """`read`: the table as the caller knows it. Raises `TableNotFound`, and `Outdated` for another table."""

        def drop(registry: Registry) -> RegistryChange:
            entry = registry.find(name)
            require_same_entry(entry, read)
            return RegistryChange(RegistryAction.DROP, entry.table_id)

        self._registrar.change(namespace, drop)


class UndropTable:
    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar

    def __call__(self, namespace: Namespace, name: str, as_name: str | None = None) -> str:
        """Bring back the table of that name that was dropped last, as it was; its name now is returned.

        Raises `TableNotFound`, and `TableExists` when its name (or `as_name`) is another table's by now.
        """
        if as_name is not None:
            checked_table_name(namespace, as_name)

        def undrop(registry: Registry) -> RegistryChange:
            registry.require_free(as_name or name)
            entry = registry.find_dropped(name)
            return RegistryChange(RegistryAction.UNDROP, entry.table_id, as_name or entry.name)

        registry = self._registrar.change(namespace, undrop)
        return registry.find(as_name or name).name
