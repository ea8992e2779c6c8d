"""The permission check: which tables a request names, and what the caller may see of each."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.application.tables.namespace import Namespace
from supertable.domain.access.accounts import Authorization
from supertable.domain.access.roles import Permission
from supertable.domain.access.row_filters import bound
from supertable.domain.errors import (
    AccessDenied,
    TableNotFound,
    WrongKind,
)
from supertable.domain.names import did_you_mean
from supertable.domain.scan.scan_plan import AccessStage
from supertable.domain.system_tables import is_system
from supertable.domain.table.registry import Registry, TableEntry

_CHANGING = frozenset({Permission.WRITE, Permission.CONTROL})


Request = tuple["Namespace", str | None]
"""A supertable, and the name of a table in it; None: all its tables."""


def entries_of(registry: Registry, name: str | None, views: bool = False) -> list[TableEntry]:
    """The table or view of that name; None: all tables, and with `views` all views too."""
    return [registry.find(name)] if name is not None else [*registry.tables, *(registry.views if views else ())]


def allowed_entries(
    request: Request,
    registries: Mapping[Namespace, Registry],
    granted: Authorization,
    need: Permission,
    views: bool = False,
) -> list[tuple[TableEntry, AccessStage | None]]:
    """The tables that a request names, and what the caller sees of each; None: everything. `views`: views too.

    Without a name, tables that the caller does not see are left out. Raises `TableNotFound`, `AccessDenied`, and
    `WrongKind` for a view unless `views`.
    """
    namespace, name = request
    if name is None:
        granted.require(need)
        rights = granted.role.rights
        return [
            (entry, access_to(namespace, entry, entry.name, granted, need))
            for entry in entries_of(registries[namespace], None, views)
            if rights(namespace.supertable, entry.table_id, entry.name)
        ]
    try:
        if not granted.role.reaches_all and not registries[namespace].has(name):
            raise TableNotFound(name)  # does not reveal whether the table was dropped
        entry = registries[namespace].find(name)
        found = access_to(namespace, entry, name, granted, need)
    except TableNotFound as error:
        raise _with_nearest(error, request, registries, granted, views) from None
    if entry.view and not views:
        raise WrongKind(entry.name)
    return [(entry, found)]


def _with_nearest(
    error: TableNotFound,
    request: Request,
    registries: Mapping[Namespace, Registry],
    granted: Authorization,
    views: bool,
) -> TableNotFound:
    """The error with the names most like the missing one, among the tables that the caller may know of."""
    namespace, rights = request[0], granted.role.rights
    entries = entries_of(registries[namespace], None, views)
    known = [entry.name for entry in entries if rights(namespace.supertable, entry.table_id, entry.name)]
    near = did_you_mean(error.table, known)
    return TableNotFound(error.table, near.strip()) if near and error.is_plain else error


def access_to(
    namespace: Namespace, entry: TableEntry, requested: str, granted: Authorization, need: Permission
) -> AccessStage | None:
    """What the caller sees of a table; None: everything. `requested`: the name to report in errors.

    Raises `TableNotFound` if the caller may not know of the table, and `AccessDenied`.
    """
    rights = granted.role.rights(namespace.supertable, entry.table_id, entry.name)
    if rights is None:
        raise TableNotFound(requested)
    granted.require(need)
    if is_system(namespace.supertable) and need in _CHANGING:
        raise AccessDenied(f"Table {entry.name} belongs to SuperTable itself and cannot be changed.")
    rule = rights.rule
    if rule is None:
        return None
    condition = bound(rule.filter, granted.caller) if rule.filter else None
    return AccessStage(rule.columns, rule.masks, condition, granted.secret)
