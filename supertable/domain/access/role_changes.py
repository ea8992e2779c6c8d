"""Changes to roles, and the checks that keep each role consistent and bounded."""

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
    """The type of that name. Raises `InvalidInput`."""
    try:
        return RoleType(name)
    except ValueError:
        raise InvalidInput(f"There is no role type {name!r}. Use one of {', '.join(RoleType)}.") from None


def checked_role_name(name: str) -> str:
    """Returns `name` unchanged. Raises `InvalidName`, also for the built-in role."""
    if name_key(checked_name("role", name)) == SUPERADMIN.name:
        raise InvalidName("role", name, "it is the name of a built-in role, which cannot be changed")
    return name


def checked_role(role: Role) -> Role:
    """Returns the role unchanged. Raises `InvalidInput` where its grants have no effect, or exceed the limits."""
    checked_text("The comment", role.comment, MOST_COMMENT)
    if role.reaches_all and (role.tables or role.rules):
        raise InvalidInput(
            f"A role of type {role.type} reaches all tables completely, so it cannot have grants or rules. "
            "Choose the type writer, reader or meta, or revoke its grants and rules first."
        )
    if len(role.tables) > MOST_PATTERNS or len(role.rules) > MOST_RULES:
        raise InvalidInput(f"A role may have up to {MOST_PATTERNS:,} patterns and {MOST_RULES:,} rules.")
    return role


def with_grants(role: Role, patterns: Sequence[str]) -> Role:
    """The role with these patterns added, each once. Raises `InvalidName` and `InvalidInput`."""
    for pattern in patterns:
        require_grantable(checked_pattern(pattern).rpartition(".")[0])
    known = {name_key(pattern): pattern for pattern in (*role.tables, *patterns)}
    return checked_role(replace(role, tables=tuple(known.values())))


def require_grantable(supertable: str) -> None:
    """Raises `InvalidInput` for the system supertable, whose tables are visible by role type and not by grant."""
    if is_system(supertable):
        raise InvalidInput(
            f"Tables of the supertable {SYSTEM} cannot be granted. Roles of the types superadmin and admin see them."
        )


def with_rule(role: Role, rule: TableRule, existing_ids: Collection[str]) -> Role:
    """The role with the rule, which replaces the role's rule for the same table.

    `existing_ids`: ids of the tables of the rule's supertable. Rules for tables of the same name that no longer exist
    are removed, since the new rule also keeps other tables of that name closed.
    """
    kept = {
        table_id: other
        for table_id, other in role.rules.items()
        if table_id in existing_ids or not _of_same_name(other, rule)
    }
    return replace(role, rules={**kept, rule.table_id: rule})


def without_grant(role: Role, pattern: str, tables: Collection[str]) -> Role:
    """The role without the pattern and without rules for these table ids. Raises `NotFound` where it has neither."""
    patterns = tuple(each for each in role.tables if name_key(each) != name_key(pattern))
    rules = {table_id: rule for table_id, rule in role.rules.items() if table_id not in tables}
    if len(patterns) + len(rules) == len(role.tables) + len(role.rules):
        raise NotFound(f"Role {role.name} was not granted {pattern!r}.")
    return replace(role, tables=patterns, rules=rules)


def changed_grants(before: Role | None, after: Role) -> tuple[str, ...]:
    """The patterns and names of tables whose grants or rules differ between the two roles, sorted."""
    old = before or replace(after, tables=(), rules={})
    both = {**old.rules, **after.rules}
    rules = {rule.name for table_id, rule in both.items() if old.rules.get(table_id) != after.rules.get(table_id)}
    return tuple(sorted({*old.tables} ^ {*after.tables} | rules))


def require_no_rule(role: Role, table_ids: Collection[str]) -> None:
    """Raises `AlreadyExists` where the role has a rule that would still restrict a table granted as a whole."""
    for table_id in role.rules.keys() & set(table_ids):
        raise AlreadyExists(
            f"Role {role.name} has a rule for table {role.rules[table_id].name}, which would stay in force. Revoke it "
            "first to grant the whole table."
        )


def _of_same_name(one: TableRule, other: TableRule) -> bool:
    return (name_key(one.supertable), name_key(one.name)) == (name_key(other.supertable), name_key(other.name))
