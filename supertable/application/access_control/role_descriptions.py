"""Roles for display, with the current names of tables and columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from supertable.application.ports.engines.row_filters import RowFilterParser
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission, Role, TableRule
from supertable.domain.access.sessions import Session
from supertable.domain.errors import InvalidInput
from supertable.domain.schema.schemas import Schema


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a role sees of one table. `columns`: None: all, including future ones. `masks`: by column. `where`: as SQL.

    `closed`: why the role sees nothing of the table now, in which case the rest may be empty; None: it sees it.
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
    """`tables`: patterns of the tables that the role sees whole, except those for which it has one of `rules`.

    `version`: the version of the organization's access log at which the role was last changed; 0 for `superadmin`.
    """

    name: str
    type: str
    tables: list[str]
    rules: list[RuleInfo]
    comment: str
    version: int


class RoleDescriptions:
    """Describes roles to callers with the permission CONTROL."""

    def __init__(self, tables: Tables, filters: RowFilterParser) -> None:
        self._tables = tables
        self._filters = filters

    def describe(self, session: Session, roles: Iterable[Role]) -> list[RoleInfo]:
        """The descriptions, in the order of the roles."""
        listed = list(roles)
        rules = [rule for role in listed for rule in role.rules.values()]
        tables: dict[str, OpenTable] = {}
        for supertable in {rule.supertable for rule in rules}:
            ids = {rule.table_id for rule in rules if rule.supertable == supertable}
            tables |= self._open(Namespace(session.organization, supertable, session), ids)
        return [self._role(role, tables) for role in listed]

    def _open(self, namespace: Namespace, ids: set[str]) -> dict[str, OpenTable]:
        """Those of the tables that still exist, by id."""
        names = [entry.name for entry in self._tables.registry(namespace).tables if entry.table_id in ids]
        cut = self._tables.open_consistently([(namespace, name) for name in names], Permission.CONTROL)
        return {table.entry.table_id: table for [table] in cut.values()}

    def _role(self, role: Role, tables: Mapping[str, OpenTable]) -> RoleInfo:
        rules = [self._rule(rule, tables.get(rule.table_id)) for rule in role.rules.values()]
        listed = sorted(rules, key=lambda info: (info.supertable, info.table, info.table_id))
        return RoleInfo(role.name, role.type.value, list(role.tables), listed, role.comment, role.version)

    def _rule(self, rule: TableRule, table: OpenTable | None) -> RuleInfo:
        if table is None:
            return RuleInfo(rule.supertable, rule.name, rule.table_id, [], {}, None, "the table was dropped")
        schema = table.snapshot.schema
        where, closed = self._condition(rule, schema)
        return RuleInfo(
            supertable=rule.supertable,
            table=table.name,
            table_id=rule.table_id,
            columns=_columns(rule, schema),
            masks=_masks(rule, schema),
            where=where,
            closed=closed,
        )

    def _condition(self, rule: TableRule, schema: Schema) -> tuple[str | None, str | None]:
        """The row filter as SQL (None: no filter), and why the rule hides everything (None: it does not)."""
        if rule.columns is not None and not _columns(rule, schema):
            return None, "the table has none of the columns that the role may see"
        try:
            _require_fitting_masks(rule, schema)
            return (self._filters.show(rule.filter, schema) if rule.filter else None), None
        except InvalidInput as error:
            return None, str(error)


def _columns(rule: TableRule, schema: Schema) -> list[str] | None:
    return None if rule.columns is None else [field.name for field in schema.fields if field.id in rule.columns]


def _masks(rule: TableRule, schema: Schema) -> dict[str, str]:
    return {field.name: str(rule.masks[field.id]) for field in schema.fields if field.id in rule.masks}


def _require_fitting_masks(rule: TableRule, schema: Schema) -> None:
    """Raises `InvalidInput`."""
    for field in schema.fields:
        if field.id in rule.masks and (rule.columns is None or field.id in rule.columns):
            rule.masks[field.id].masked_type(field.type)
