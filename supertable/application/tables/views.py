"""The views of a supertable that the caller may know of."""

from __future__ import annotations

from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.table_info import ViewInfo
from supertable.domain.access.roles import Permission


class ListViews:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __call__(self, namespace: Namespace) -> list[ViewInfo]:
        """All views, as of one moment, ordered by name."""
        reaches_all = self._tables.require(namespace.session, Permission.META).role.reaches_all
        opened = self._tables.all(namespace, Permission.META, views=True)
        return [ViewInfo.of(one, reaches_all) for one in opened if one.entry.view]
