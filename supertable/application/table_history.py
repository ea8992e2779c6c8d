"""What became of a table, version by version, as far as the caller may know it."""

from __future__ import annotations

from supertable.application.results import HistoryEntry
from supertable.application.tables import Place, Tables
from supertable.domain.roles import Permission


class TableHistory:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __call__(self, place: Place, name: str, limit: int, newest: int | None = None) -> list[HistoryEntry]:
        """Up to `limit` commits, newest first, from version `newest` (None: the newest there is) downwards.

        What a commit did to the rows is for those who may read the whole table. Raises `TableNotFound`.
        """
        table = self._tables.open(place, name, Permission.META)
        whole = table.access is None and self._tables.acting(place.session).role.may(Permission.READ)
        last = table.snapshot.version if newest is None else min(newest, table.snapshot.version)
        return [HistoryEntry.of(commit, whole) for commit in self._tables.commits(table, last, limit)]
