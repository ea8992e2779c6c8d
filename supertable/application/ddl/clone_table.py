"""Cloning a table at a version without copying a row. Writes to either never show in the other."""

from __future__ import annotations

from supertable.application.access_control.clone_grants import CloneRules
from supertable.application.commits.table_creator import Founder, checked_table_name
from supertable.application.commits.version_pins import Pin
from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.application.tables.place import Place
from supertable.domain.access.roles import Permission
from supertable.domain.errors import AlreadyExists, NotFound
from supertable.domain.table.cloning import cloning


class CloneTable:
    def __init__(self, tables: Tables, founder: Founder, rules: CloneRules) -> None:
        self._tables = tables
        self._founder = founder
        self._rules = rules

    def __call__(self, place: Place, name: str, new_name: str, version: int | str | None = None) -> OpenTable:
        """The clone, as a table of the same supertable. `version`: a number, a tag, or None: the newest.

        Raises `TableNotFound`, `VersionNotFound`, `NotFound` for a tag, `InvalidName` and `TableExists`.
        """
        checked_table_name(place, new_name)
        origin = self._tables.as_of(self._tables.open(place, name, Permission.CONTROL), version)
        change = cloning(origin.snapshot, origin.folder, origin.name)
        made: list[OpenTable] = []

        def restrict(clone: OpenTable) -> None:
            made.append(clone)
            self._rules.copy(place, origin, clone)

        try:
            return self._founder(place, new_name, change, restrict, Pin(self._tables, origin))
        except (AlreadyExists, NotFound):
            for clone in made:
                self._rules.forget(place, clone)
            raise
