"""Clones of a table at one version, without copying rows. Writes to either table never affect the other."""

from __future__ import annotations

from supertable.application.access_control.clone_grants import CloneGrants
from supertable.application.commits.table_creator import TableCreator, checked_table_name
from supertable.application.commits.version_pins import VersionPin
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.errors import AlreadyExists, NotFound
from supertable.domain.table.cloning import clone_change


class CloneTable:
    def __init__(self, tables: Tables, table_creator: TableCreator, grants: CloneGrants) -> None:
        self._tables = tables
        self._table_creator = table_creator
        self._grants = grants

    def __call__(self, namespace: Namespace, name: str, new_name: str, version: int | str | None = None) -> OpenTable:
        """Create the clone in the same supertable and return it. `version`: a number, a tag, or None: the newest.

        Raises `TableNotFound`, `VersionNotFound`, `NotFound` for a tag, `InvalidName` and `TableExists`.
        """
        checked_table_name(namespace, new_name)
        origin = self._tables.as_of(self._tables.open(namespace, name, Permission.CONTROL), version)
        change = clone_change(origin.snapshot, origin.folder, origin.name)
        created: list[OpenTable] = []

        def restrict(clone: OpenTable) -> None:
            created.append(clone)
            self._grants.copy(namespace, origin, clone)

        try:
            return self._table_creator(namespace, new_name, change, restrict, VersionPin(self._tables, origin))
        except (AlreadyExists, NotFound):
            for clone in created:
                self._grants.forget(namespace, clone)
            raise
