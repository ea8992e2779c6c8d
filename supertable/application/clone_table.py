"""Cloning a table at a version without copying a row. Writes to either never show in the other."""

from __future__ import annotations

from supertable.application.founding import Founder, checked_table_name
from supertable.application.pins import Pin
from supertable.application.tables import OpenTable, Place, Tables
from supertable.domain.cloning import cloning
from supertable.domain.roles import Permission


class CloneTable:
    def __init__(self, tables: Tables, founder: Founder) -> None:
        self._tables = tables
        self._founder = founder

    def __call__(self, place: Place, name: str, new_name: str, version: int | str | None = None) -> OpenTable:
        """The clone, as a table of the same supertable. `version`: a number, a tag, or None: the newest.

        Raises `TableNotFound`, `VersionNotFound`, `NotFound` for a tag, `InvalidName` and `TableExists`.
        """
        checked_table_name(place, new_name)
        origin = self._tables.as_of(self._tables.open(place, name, Permission.CONTROL), version)
        change = cloning(origin.snapshot, origin.folder, origin.name)
        return self._founder(place, new_name, change, pin=Pin(self._tables, origin))
