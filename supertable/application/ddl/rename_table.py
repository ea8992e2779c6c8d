"""Renaming a table. Its versions, files and tags stay unchanged; writes in flight still commit."""

from __future__ import annotations

from supertable.application.commits.preconditions import require_same_entry
from supertable.application.commits.registrar import Registrar
from supertable.application.commits.table_creator import checked_table_name
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import WrongKind
from supertable.domain.names import name_key
from supertable.domain.table.registry import Registry, RegistryAction, RegistryChange


class RenameTable:
    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar

    def __call__(
        self, namespace: Namespace, name: str, new_name: str, read: OpenTable | None = None, view: bool = False
    ) -> None:
        """Rename the table. The names may differ in case only; the same name changes nothing.

        `read`: the table as the caller read it; None: no precondition. `view`: rename a view instead. Raises
        `TableNotFound`, `WrongKind`, `InvalidName`, `TableExists`, and `Outdated` if the name belongs to another table
        now.
        """
        checked_table_name(namespace, new_name)

        def rename(registry: Registry) -> RegistryChange | None:
            entry = registry.find(name)
            require_same_entry(entry, read)
            if entry.view != view:
                raise WrongKind(entry.name, entry.view)
            if name_key(entry.name) != name_key(new_name):
                registry.require_free(new_name)
            if entry.name == new_name:
                return None
            return RegistryChange(RegistryAction.RENAME, entry.table_id, new_name)

        self._registrar.change(namespace, rename)
