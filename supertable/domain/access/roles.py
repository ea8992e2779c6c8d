"""Roles: their types, the permissions of each type, and the tables that a role may access.

A request acts under exactly one role; roles are never merged. A role is granted whole tables by pattern. It may also
have a rule for a single table, which restricts the columns and rows that it sees. Rules are bound to the table's id and
to field ids: renames do not affect them, and another table of the same name is closed until it has its own rule.
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
    """What a role sees of one table. `columns`: field ids; None: all, future ones included. `filter`: None: all rows.

    Without any column the table is closed: the role cannot learn that it exists.
    `supertable` and `name` are those of the table when the rule was made. Other tables of that name are closed.
    """

    supertable: str
    table_id: str
    name: str
    columns: frozenset[int] | None = None
    masks: Mapping[int, Mask] = field(default_factory=dict)
    filter: Term | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """A role's rights to a table that is visible to it. `rule`: None: the whole table."""

    rule: TableRule | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """`tables`: patterns of whole tables, `*` for any characters: `orders`, `sales_*`, `main.orders`, `*`.

    `rules`: by table id. Roles with the permission CONTROL reach all tables completely, and only they reach those of
    the system supertable. `version`: that of the access log at which the role last changed.
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
        """The role's rights to a table; None: none, the role cannot learn that the table exists."""
        if self.reaches_all:
            return Rights()
        if is_system(supertable):
            return None
        rule = self.rule_for(supertable, table_id, name)
        if rule is not None:
            return Rights(rule) if rule.columns != frozenset() else None
        return Rights() if any(_matches(pattern, supertable, name) for pattern in self.tables) else None

    def rule_for(self, supertable: str, table_id: str, name: str) -> TableRule | None:
        """The rule for the table. A table without one is closed if a rule for another table has its name; else None."""
        if table_id in self.rules:
            return self.rules[table_id]
        if any(_same(rule, supertable, name) for rule in self.rules.values()):
            return TableRule(supertable, table_id, name, columns=frozenset())
        return None


SUPERADMIN = Role("superadmin", RoleType.SUPERADMIN)
"""The built-in role. Superusers act under it unless they choose another."""


def checked_pattern(pattern: object) -> str:
    """Returns the pattern unchanged. Raises `InvalidName`."""
    if not isinstance(pattern, str) or not _PATTERN.fullmatch(pattern):
        raise InvalidName(
            "table", pattern, "a pattern is a name, or supertable.name, in which * stands for any characters"
        )
    return pattern


def _same(rule: TableRule, supertable: str, name: str) -> bool:
    return (name_key(rule.supertable), name_key(rule.name)) == (name_key(supertable), name_key(name))


def _matches(pattern: str, supertable: str, name: str) -> bool:
    *qualifier, table = pattern.split(".")
    return _alike(table, name) and all(_alike(part, supertable) for part in qualifier)


def _alike(pattern: str, name: str) -> bool:
    return fnmatchcase(name_key(name), name_key(pattern))
