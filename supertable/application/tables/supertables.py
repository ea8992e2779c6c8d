"""The supertables of an organization that the caller may know of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from supertable.application.ports.object_stores import ObjectStore
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.errors import InvalidName, NotFound
from supertable.domain.names import checked_name, name_key
from supertable.domain.storage_layout import organization_folder
from supertable.domain.table.registry import TableEntry


@dataclass(frozen=True, slots=True)
class SupertableInfo:
    """A supertable: its name in lower case, and the number of its tables that the caller may know of."""

    name: str
    tables: int


class ListSupertables:
    """Lists supertables. A supertable exists from its first table on, also after that is dropped.

    Callers whose role reaches everything see all supertables; others see those in which they may know of a table.
    """

    def __init__(self, tables: Tables, store: ObjectStore) -> None:
        self._tables = tables
        self._store = store

    def __call__(self, session: Session) -> list[SupertableInfo]:
        """All supertables, as of one moment, ordered by name."""
        folders = self._store.folders(f"{organization_folder(session.organization)}/")
        namespaces = [Namespace(session.organization, name, session) for name in sorted(folders) if is_name(name)]
        include_empty = self._tables.require(session, Permission.META).role.reaches_all
        entries = self._tables.entries(namespaces, Permission.META)
        return [info for namespace in namespaces if (info := self._info(namespace, entries[namespace], include_empty))]

    def one(self, namespace: Namespace) -> SupertableInfo:
        """One supertable. Raises `NotFound`."""
        include_empty = self._tables.authorization(namespace.session).role.reaches_all
        info = self._info(namespace, self._tables.entries([namespace], Permission.META)[namespace], include_empty)
        if info is None:
            raise NotFound(f"There is no supertable {namespace.supertable!r}.")
        return info

    def _info(self, namespace: Namespace, entries: Sequence[TableEntry], include_empty: bool) -> SupertableInfo | None:
        if not entries and not (include_empty and self._tables.registry(namespace).version):
            return None
        return SupertableInfo(name_key(namespace.supertable), sum(not entry.view for entry in entries))


def is_name(folder: str) -> bool:
    """Whether the folder can be that of an organization or supertable."""
    try:
        checked_name("supertable", folder)
    except InvalidName:
        return False
    return True
