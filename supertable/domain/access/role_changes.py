"""What roles may become, so that none promises what it does not keep."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from supertable.domain.access.roles import SUPERADMIN, Role, RoleType, TableRule, checked_pattern
from supertable.domain.errors import AlreadyExists, InvalidInput, InvalidName, NotFound
from supertable.domain.names import checked_name, checked_text, name_key
from supertable.domain.system_tables import SYSTEM, is_system

MOST_PATTERNS = 1_000
MOST_RULES = 1_000
MOST_COMMENT = 1_000


def role_type(name: str) -> RoleType:
    """Raises `InvalidInput`."""
    try:
        return RoleType(name)
    except ValueError:
        raise InvalidInput(f"There is no type of role {name!r}; there are {', '.join(RoleType)}.") from None


def checked_role_name(name: str) -> str:
    """Raises `InvalidName`."""
    if name_key(checked_name("role", name)) == SUPERADMIN.name:
        raise InvalidName("role", name, "this role is there already, and cannot be changed")
    return name


def checked_role(role: Role) -> Role:
    """The role, or `InvalidInput` where it says more than holds, or too much to be asked at every read."""
    checked_text("The comment", role.comment, MOST_COMMENT)
    if role.reaches_all and (role.tables or role.rules):
        raise InvalidInput(
            f"A role of type {role.type} reaches all tables, whole. It cannot be granted some, or have rules for them: "
            "choose the type writer, reader or meta, or revoke what the role was granted first."
        )
    if len(role.tables) > MOST_PATTERNS or len(role.rules) > MOST_RULES:
        raise InvalidInput(f"A role may have {MOST_PATTERNS:,} patterns and {MOST_RULES:,} rules.")
    return role


def with_grants(role: Role, patterns: Sequence[str]) -> Role:
    """With these patterns besides, each once. Raises `InvalidName` and `InvalidInput`."""
    for pattern in patterns:
        require_grantable(checked_pattern(pattern).rpartition(".")[0])
    known = {name_key(pattern): pattern for pattern in (*role.tables, *patterns)}
    return checked_role(replace(role, tables=tuple(known.values())))


def require_grantable(supertable: str) -> None:
    """Raises `InvalidInput` for a supertable whose tables roles have by what they may do, not by grants."""
    if is_system(supertable):
        raise InvalidInput(
            f"Tables of the supertable {SYSTEM} cannot be granted: roles of the types superadmin and admin see them."
        )


def with_rule(role: Role, rule: TableRule, there: Collection[str]) -> Role:
    """With a rule in place of the one that it has for that table.

    `there`: ids of the tables of its supertable. A rule for another table of the name, which is there no more, goes:
    the new one keeps the name closed for others as well.
    """
    kept = {
        table_id: other for table_id, other in role.rules.items() if table_id in there or not _of_same_name(other, rule)
    }
    return replace(role, rules={**kept, rule.table_id: rule})


def without_grant(role: Role, pattern: str, tables: Collection[str]) -> Role:
    """Without that pattern, and without rules for the tables of these ids. Raises `NotFound` where it has neither."""
    patterns = tuple(each for each in role.tables if name_key(each) != name_key(pattern))
    rules = {table_id: rule for table_id, rule in role.rules.items() if table_id not in tables}
    if len(patterns) + len(rules) == len(role.tables) + len(role.rules):
        raise NotFound(f"Role {role.name} was not granted {pattern!r}.")
    return replace(role, tables=patterns, rules=rules)


def changed_grants(before: Role | None, after: Role) -> tuple[str, ...]:
    """Patterns and tables of rules that the one has and the other has not, or not so."""
    old = before or replace(after, tables=(), rules={})
    both = {**old.rules, **after.rules}
    rules = {rule.name for number, rule in both.items() if old.rules.get(number) != after.rules.get(number)}
    return tuple(sorted({*old.tables} ^ {*after.tables} | rules))


def require_no_rule(role: Role, table_ids: Collection[str]) -> None:
    """Raises `AlreadyExists` where a rule would stay in force behind a grant of the whole table."""
    for table_id in role.rules.keys() & set(table_ids):
        raise AlreadyExists(
            f"Role {role.name} has a rule for table {role.rules[table_id].name}, which would stay in force. Revoke it "
            "first to grant the whole table."
        )


def _of_same_name(one: TableRule, other: TableRule) -> bool:
    return (name_key(one.supertable), name_key(one.name)) == (name_key(other.supertable), name_key(other.name))
