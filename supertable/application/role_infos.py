"""Roles as people read them: tables and columns by the names that they have now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from supertable.application.tables import OpenTable, Place, Tables
from supertable.domain.roles import Permission, Role, TableRule
from supertable.domain.row_filters import columns_of
from supertable.domain.schemas import Schema
from supertable.domain.sessions import Session


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a role sees of one table. `columns`: None: all, also those to come. `masks` by column, `where` as SQL.

    `closed`: why the role sees nothing of it now; None: it does.
    """

    supertable: str
    table: str
    table_id: str
    columns: list[str] | None
    masks: dict[str, str]
    where: str | None
    closed: str | None = None


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """`tables`: patterns of tables that it sees whole, unless it has one of `rules` for them.

    `version`: the one of the organization's access log at which the role was changed last; 0 for `superadmin`.
    """

    name: str
    type: str
    tables: list[str]
    rules: list[RuleInfo]
    comment: str
    version: int


class RoleInfos:
    """For callers who may control all tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def of(self, session: Session, roles: Iterable[Role]) -> list[RoleInfo]:
        """In the order of the roles."""
        listed = list(roles)
        rules = [rule for role in listed for rule in role.rules.values()]
        found: dict[str, OpenTable] = {}
        for supertable in {rule.supertable for rule in rules}:
            ids = {rule.table_id for rule in rules if rule.supertable == supertable}
            found |= self._opened(Place(session.organization, supertable, session), ids)
        return [_role_info(role, found) for role in listed]

    def _opened(self, place: Place, ids: set[str]) -> dict[str, OpenTable]:
        """Those that are there, by id."""
        there = [entry.name for entry in self._tables.registry(place).tables if entry.table_id in ids]
        cut = self._tables.cut([(place, name) for name in there], Permission.CONTROL)
        return {table.entry.table_id: table for [table] in cut.values()}


def _role_info(role: Role, found: dict[str, OpenTable]) -> RoleInfo:
    rules = [_rule_info(rule, found.get(rule.table_id)) for rule in role.rules.values()]
    listed = sorted(rules, key=lambda info: (info.supertable, info.table))
    return RoleInfo(role.name, role.type.value, list(role.tables), listed, role.comment, role.version)


def _rule_info(rule: TableRule, table: OpenTable | None) -> RuleInfo:
    if table is None:
        return RuleInfo(rule.supertable, rule.name, rule.table_id, None, {}, None, "the table was dropped")
    schema = table.snapshot.schema
    return RuleInfo(
        supertable=rule.supertable,
        table=table.name,
        table_id=rule.table_id,
        columns=None if rule.columns is None else [field.name for field in schema.fields if field.id in rule.columns],
        masks={field.name: str(rule.masks[field.id]) for field in schema.fields if field.id in rule.masks},
        where=None,
        closed=_why_closed(rule, schema),
    )


def _why_closed(rule: TableRule, schema: Schema) -> str | None:
    if rule.columns is not None and not any(schema.by_id(column) for column in rule.columns):
        return "it has none of the columns that the role may see"
    if rule.filter is not None and not all(schema.by_id(column) for column in columns_of(rule.filter)):
        return "it has not all columns of the row filter any more"
    return None
