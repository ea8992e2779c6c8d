"""Which tables a request names, and what the caller may see of each."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.application.tables.namespace import Namespace
from supertable.domain.access.accounts import Authorization
from supertable.domain.access.roles import Permission
from supertable.domain.access.row_filters import bound
from supertable.domain.errors import (
    AccessDenied,
    TableNotFound,
)
from supertable.domain.scan.scan_plan import AccessStage
from supertable.domain.system_tables import is_system
from supertable.domain.table.registry import Registry, TableEntry

_CHANGING = frozenset({Permission.WRITE, Permission.CONTROL})


Request = tuple["Namespace", str | None]


def entries_of(registry: Registry, name: str | None) -> list[TableEntry]:
    return [registry.find(name)] if name is not None else registry.tables


def allowed_entries(
    request: Request, registries: Mapping[Namespace, Registry], now: Authorization, need: Permission
) -> list[tuple[TableEntry, AccessStage | None]]:
    """The tables that a request stands for, and what the caller sees of each."""
    namespace, name = request
    if name is None:
        now.require(need)
        rights = now.role.rights
        return [
            (entry, access_to(namespace, entry, entry.name, now, need))
            for entry in registries[namespace].tables
            if rights(namespace.supertable, entry.table_id, entry.name)
        ]
    if not now.role.reaches_all and not registries[namespace].has(name):
        raise TableNotFound(name)  # without a word on what was there
    entry = registries[namespace].find(name)
    return [(entry, access_to(namespace, entry, name, now, need))]


def access_to(
    namespace: Namespace, entry: TableEntry, asked: str, now: Authorization, need: Permission
) -> AccessStage | None:
    rights = now.role.rights(namespace.supertable, entry.table_id, entry.name)
    if rights is None:
        raise TableNotFound(asked)
    now.require(need)
    if is_system(namespace.supertable) and need in _CHANGING:
        raise AccessDenied(f"Table {entry.name} is SuperTable's own: nobody else writes or changes it.")
    rule = rights.rule
    if rule is None:
        return None
    condition = bound(rule.filter, now.caller) if rule.filter else None
    return AccessStage(rule.columns, rule.masks, condition, now.secret)
