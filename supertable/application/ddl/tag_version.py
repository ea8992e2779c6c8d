"""Tags: names of versions. A tag also protects its version from vacuums."""

from __future__ import annotations

from supertable.application.commits.registrar import Registrar
from supertable.application.commits.version_pins import VersionPin
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.roles import Permission
from supertable.domain.errors import Outdated
from supertable.domain.names import checked_tag
from supertable.domain.table.registry import (
    Registry,
    RegistryAction,
    RegistryChange,
    TableEntry,
    no_such_tag,
    tag_exists,
)


class TagVersion:
    def __init__(self, tables: Tables, registrar: Registrar) -> None:
        self._tables = tables
        self._registrar = registrar

    def __call__(
        self,
        namespace: Namespace,
        name: str,
        tag: str,
        version: int | str | None = None,
        replace: bool = False,
        moved_from: int | None = None,
    ) -> int:
        """Tag a version (a number, another tag, or None: the newest), and return its number.

        No-op if the version has the tag already. Raises `TableNotFound`, `InvalidName`, `VersionNotFound`, and
        `AlreadyExists` if another version has the tag, unless `replace` moves it. `moved_from`: the version that must
        have the tag now, or `Outdated` is raised; None: no precondition.
        """
        checked_tag(tag)
        table = self._tables.open(namespace, name, Permission.CONTROL)
        pin = VersionPin(self._tables, self._tables.as_of(table, version))
        number = pin.version

        def add(registry: Registry) -> RegistryChange | None:
            entry = pin.prepare(registry)
            present = entry.tag_named(tag)
            _require_tagged(entry, tag, moved_from)
            if present is not None and entry.tags[present] == number:
                return None
            if present is not None and not replace:
                raise tag_exists(entry, present)
            return RegistryChange(RegistryAction.TAG, entry.table_id, tag, number)

        self._registrar.change(namespace, add)
        pin.confirm(self._registrar, namespace, RegistryChange(RegistryAction.UNTAG, table.entry.table_id, tag))
        return number


class UntagVersion:
    def __init__(self, registrar: Registrar) -> None:
        self._registrar = registrar

    def __call__(self, namespace: Namespace, name: str, tag: str, moved_from: int | None = None) -> None:
        """Remove the tag. `moved_from`: as above. Raises `TableNotFound`, and `NotFound` for an unknown tag."""

        def remove(registry: Registry) -> RegistryChange:
            entry = registry.find(name)
            if entry.tag_named(tag) is None:
                raise no_such_tag(entry, tag)
            _require_tagged(entry, tag, moved_from)
            return RegistryChange(RegistryAction.UNTAG, entry.table_id, tag)

        self._registrar.change(namespace, remove)


def _require_tagged(entry: TableEntry, tag: str, version: int | None) -> None:
    present = entry.tag_named(tag)
    if version is not None and (present is None or entry.tags[present] != version):
        raise Outdated(f"Tag {tag} of table {entry.name}")
