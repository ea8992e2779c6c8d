"""What roles are, what each may do, and to which tables.

A request acts under exactly one role; roles are never merged. A role is granted tables by pattern, whole; and may have
a rule for a single table, which says which of its columns and rows it sees. Rules are bound to the table's id and to
field ids: renames change nothing, and another table of the same name is closed until it has a rule of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from supertable.domain.access.masks import Mask
from supertable.domain.access.row_filters import Term
from supertable.domain.errors import InvalidName
from supertable.domain.names import name_key
from supertable.domain.system_tables import is_system


class Permission(StrEnum):
    """RBAC: users, roles, tokens. CONTROL: create, alter, drop, maintain, settings. META: names, schemas, history."""

    RBAC = "rbac"
    CONTROL = "control"
    WRITE = "write"
    READ = "read"
    META = "meta"


class RoleType(StrEnum):
    SUPERADMIN = "superadmin"
    ADMIN = "admin"
    WRITER = "writer"
    READER = "reader"
    META = "meta"


_MAY: Mapping[RoleType, frozenset[Permission]] = {
    RoleType.SUPERADMIN: frozenset(Permission),
    RoleType.ADMIN: frozenset(Permission) - {Permission.RBAC},
    RoleType.WRITER: frozenset({Permission.WRITE, Permission.READ, Permission.META}),
    RoleType.READER: frozenset({Permission.READ, Permission.META}),
    RoleType.META: frozenset({Permission.META}),
}
_PATTERN = re.compile(r"[A-Za-z0-9_*]{1,128}(\.[A-Za-z0-9_*]{1,128})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TableRule:
    """What a role sees of one table. `columns`: field ids, None for all, also those to come; `filter`: None: all rows.

    Without any column the table is closed: the role may not even know that there is one.
    `supertable` and `name` are the table's when the rule was made: a table of that name without a rule is closed.
    """

    supertable: str
    table_id: str
    name: str
    columns: frozenset[int] | None = None
    masks: Mapping[int, Mask] = field(default_factory=dict)
    filter: Term | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """A role's rights to a table that it may know of. `rule`: None: the whole table."""

    rule: TableRule | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """`tables`: patterns of whole tables, `*` for any part of a name: `orders`, `sales_*`, `main.orders`, `*`.

    `rules` by table id. Roles that may control reach all tables, whole, and only they those of the system.
    `version`: the one of the access log at which it was changed last.
    """

    name: str
    type: RoleType
    tables: tuple[str, ...] = ()
    rules: Mapping[str, TableRule] = field(default_factory=dict)
    comment: str = ""
    version: int = 0

    @property
    def reaches_all(self) -> bool:
        return self.may(Permission.CONTROL)

    def may(self, permission: Permission) -> bool:
        return permission in _MAY[self.type]

    def rights(self, supertable: str, table_id: str, name: str) -> Rights | None:
        """The role's rights to a table; None: none, it may not even know that there is one."""
        if self.reaches_all:
            return Rights()
        if is_system(supertable):
            return None
        rule = self.rule_for(supertable, table_id, name)
        if rule is not None:
            return Rights(rule) if rule.columns != frozenset() else None
        return Rights() if any(_matches(pattern, supertable, name) for pattern in self.tables) else None

    def rule_for(self, supertable: str, table_id: str, name: str) -> TableRule | None:
        """The table's rule; one that closes it where it took the place of a table that was not to be seen whole."""
        if table_id in self.rules:
            return self.rules[table_id]
        if any(_same(rule, supertable, name) for rule in self.rules.values()):
            return TableRule(supertable, table_id, name, columns=frozenset())
        return None


SUPERADMIN = Role("superadmin", RoleType.SUPERADMIN)
"""The one role that is always there; superusers act under it unless they name another."""


def checked_pattern(pattern: object) -> str:
    """Raises `InvalidName`."""
    if not isinstance(pattern, str) or not _PATTERN.fullmatch(pattern):
        raise InvalidName("table", pattern, "a pattern is a name, or supertable.name, in which * stands for any part")
    return pattern


def _same(rule: TableRule, supertable: str, name: str) -> bool:
    return (name_key(rule.supertable), name_key(rule.name)) == (name_key(supertable), name_key(name))


def _matches(pattern: str, supertable: str, name: str) -> bool:
    *qualifier, table = pattern.split(".")
    return _alike(table, name) and all(_alike(part, supertable) for part in qualifier)


def _alike(pattern: str, name: str) -> bool:
    return fnmatchcase(name_key(name), name_key(pattern))
