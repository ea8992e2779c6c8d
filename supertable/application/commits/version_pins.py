"""Pinning a version against a concurrent vacuum, without waiting.

1. A vacuum first expires versions in the table's log, then reads the registry, then deletes what no pinned version
   needs.
2. Pinning first writes the pin to the registry, then checks whether the version was expired in the meantime. If another
   pin on the version existed when this one was written (the registry orders its changes), that does not matter.

So either the vacuum sees the pin, or the pin is undone.
"""

from __future__ import annotations

from supertable.application.commits.registrar import Registrar
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import VersionNotFound
from supertable.domain.table.registry import Registry, RegistryChange, TableEntry


class VersionPin:
    """One attempt to keep `table` readable at the version at which it was opened."""

    def __init__(self, tables: Tables, table: OpenTable) -> None:
        self._tables = tables
        self._table = table
        self._pinned_before = False

    @property
    def version(self) -> int:
        return self._table.snapshot.version

    def prepare(self, registry: Registry) -> TableEntry:
        """The table's entry, for the change that pins it. Raises `TableNotFound` if the table was dropped since."""
        entry = registry.find_current(self._table.entry)
        self._pinned_before = self.version in entry.pinned
        return entry

    def confirm(self, registrar: Registrar, namespace: Namespace, undo: RegistryChange) -> None:
        """After that change: if it came too late, commit `undo` and raise `VersionNotFound`."""
        if self._pinned_before:
            return
        newest = self._tables.newest(self._table)
        oldest = newest.snapshot.oldest
        if self.version < oldest:
            registrar.change(namespace, lambda registry: undo if undo.table_id in registry.entries else None)
            raise VersionNotFound(newest.name, str(self.version), oldest, newest.snapshot.version)
