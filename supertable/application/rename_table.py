"""Giving a table another name. Its versions, files and tags stay as they are; writes in flight go on."""

from __future__ import annotations

from supertable.application.founding import checked_table_name
from supertable.application.registering import Registrar
from supertable.application.tables import Place
from supertable.domain.names import name_key
from supertable.domain.registry import Registry, RegistryAction, RegistryChange


class RenameTable:
    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar

    def __call__(self, place: Place, name: str, new_name: str) -> None:
        """The two may differ in case only; its own name changes nothing.

        Raises `TableNotFound`, `InvalidName` and `TableExists`.
        """
        checked_table_name(place, new_name)

        def rename(registry: Registry) -> RegistryChange | None:
            entry = registry.find(name)
            if name_key(entry.name) != name_key(new_name):
                registry.require_free(new_name)
            if entry.name == new_name:
                return None
            return RegistryChange(RegistryAction.RENAME, entry.table_id, new_name)

        self._registrar.change(place, rename)
