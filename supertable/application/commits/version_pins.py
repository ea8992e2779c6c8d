"""Pinning a version against a vacuum that runs at the same moment.

1. A vacuum gives versions up in the table's log, then reads the registry, then deletes what no pinned version needs.
2. Whoever pins a version writes the pin to the registry, then looks whether the version was given up meanwhile. That
   does not matter where another pin was there until this one took over, which the registry's order of changes tells.

So either the vacuum sees the pin, or the pin is taken back. Nobody waits for anybody.
"""

from __future__ import annotations

from supertable.application.commits.registrar import Registrar
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import VersionNotFound
from supertable.domain.table.registry import Registry, RegistryChange, TableEntry


class VersionPin:
    """One attempt to keep `table`, opened at some version, readable."""

    def __init__(self, tables: Tables, table: OpenTable) -> None:
        self._tables = tables
        self._table = table
        self._held = False

    @property
    def version(self) -> int:
        return self._table.snapshot.version

    def take(self, registry: Registry) -> TableEntry:
        """The table's entry, for the change that pins it. Raises `TableNotFound` when it was dropped meanwhile."""
        entry = registry.find_current(self._table.entry)
        self._held = self.version in entry.pinned
        return entry

    def settle(self, registrar: Registrar, namespace: Namespace, undo: RegistryChange) -> None:
        """After that change: take it back by `undo` and raise `VersionNotFound`, if it came too late."""
        if self._held:
            return
        newest = self._tables.newest(self._table)
        oldest = newest.snapshot.oldest
        if self.version < oldest:
            registrar.change(namespace, lambda registry: undo if undo.table_id in registry.entries else None)
            raise VersionNotFound(newest.name, str(self.version), oldest, newest.snapshot.version)
