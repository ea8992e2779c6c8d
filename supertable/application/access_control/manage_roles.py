"""Roles: making, changing and dropping them, and granting them tables. All of it needs RBAC."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from supertable.application.access_control.access_changes import AccessChanges, require_version
from supertable.application.access_control.role_descriptions import RoleDescriptions, RoleInfo
from supertable.application.access_control.table_grants import TableGrants
from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.accounts import Access, AccessAction, AccessChange, Authorization
from supertable.domain.access.role_changes import (
    checked_role,
    checked_role_name,
    require_grantable,
    require_no_rule,
    role_type,
    with_grants,
    with_rule,
    without_grant,
)
from supertable.domain.access.roles import SUPERADMIN, Role, checked_pattern
from supertable.domain.access.sessions import Session
from supertable.domain.errors import AlreadyExists, InvalidInput, NotFound
from supertable.domain.names import checked_name, checked_text, name_key
from supertable.domain.table.registry import Registry

MOST_ROLES = 1_000


class ManageRoles:
    """Raises `AccessDenied`, `NotSignedIn`, and `NotFound` for a role.

    `version`: what the role must be at, or `Outdated`; None: that does not matter. Tables are named as in SQL: `orders`
    in the supertable of the place, `sales.orders` in another.
    """

    def __init__(self, changes: AccessChanges, tables: Tables, rules: TableGrants, infos: RoleDescriptions) -> None:
        self._changes = changes
        self._tables = tables
        self._rules = rules
        self._infos = infos

    def list(self, session: Session) -> list[RoleInfo]:
        """By name, `superadmin` first."""
        access, _ = self._changes.read(session)
        roles = sorted(access.roles.values(), key=lambda role: name_key(role.name))
        return self._infos.of(session, [SUPERADMIN, *roles])

    def get(self, session: Session, name: str) -> RoleInfo:
        access, _ = self._changes.read(session)
        built_in = name_key(checked_name("role", name)) == SUPERADMIN.name
        return self._info(session, SUPERADMIN if built_in else _found(access, name))

    def create(self, session: Session, name: str, type: str, tables: Sequence[str] = (), comment: str = "") -> RoleInfo:
        """A new role that sees the tables of these patterns, whole. Raises `AlreadyExists`, `InvalidInput`."""
        checked_role_name(name)
        role = with_grants(Role(name, role_type(type), comment=comment), tables)

        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            present = access.role(name)
            if present is not None:
                raise AlreadyExists(f"There is a role {present.name} already; nothing was changed.")
            if len(access.roles) >= MOST_ROLES:
                raise InvalidInput(f"There are {MOST_ROLES:,} roles, which is the most there may be. Drop some first.")
            return [AccessChange(AccessAction.PUT_ROLE, role=checked_role(role))]

        return self._info(session, _found(self._changes.change(session, propose), name))

    def alter(
        self,
        session: Session,
        name: str,
        type: str | None = None,
        tables: Sequence[str] | None = None,
        comment: str | None = None,
        version: int | None = None,
    ) -> RoleInfo:
        """What is not given stays, and so do the rules. Raises `InvalidInput`."""

        def edited(role: Role) -> Role:
            made = replace(
                role,
                type=role.type if type is None else role_type(type),
                tables=role.tables if tables is None else (),
                comment=role.comment if comment is None else comment,
            )
            return with_grants(made, tables or ())

        return self._edit(session, name, version, edited)

    def drop(self, session: Session, name: str, force: bool = False, version: int | None = None) -> None:
        """With `force` also when users have it, who then do not any more; tokens that are bound to it go.

        Raises `InvalidInput` without.
        """

        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            role = _found(access, name)
            require_version(f"Role {role.name}", role.version, version)
            users = [user for user in access.users.values() if user.holds(role.name)]
            tokens = [token for token in access.tokens.values() if name_key(token.role or "") == name_key(role.name)]
            if (users or tokens) and not force:
                raise _still_used(role, len(users), len(tokens))
            left = [
                replace(user, roles=tuple(held for held in user.roles if name_key(held) != name_key(role.name)))
                for user in users
            ]
            return [
                *(AccessChange(AccessAction.PUT_USER, user=user) for user in left),
                *(AccessChange(AccessAction.DROP_TOKEN, token.id) for token in tokens),
                AccessChange(AccessAction.DROP_ROLE, role.name),
            ]

        self._changes.change(session, propose)

    def grant(self, namespace: Namespace, name: str, patterns: Sequence[str], version: int | None = None) -> RoleInfo:
        """Whole tables: by name, or all whose names are like a pattern (`sales_*`, `main.*`, `*`), now and later.

        Rules for single tables stay in force. Raises `AlreadyExists` where one is for a table of that very name, and
        `InvalidName`.
        """
        self._changes.read(namespace.session)
        named = [self._named(namespace, pattern) for pattern in patterns if "*" not in checked_pattern(pattern)]

        def edited(role: Role) -> Role:
            for there, registry, table in named:
                require_no_rule(role, _rules_for(role, there, registry, table))
            return with_grants(role, patterns)

        return self._edit(namespace.session, name, version, edited)

    def grant_rule(
        self,
        namespace: Namespace,
        name: str,
        table: str,
        columns: Sequence[str] | None = None,
        masks: Mapping[str, str] | None = None,
        where: str | None = None,
        version: int | None = None,
    ) -> RoleInfo:
        """A part of one table, in place of what the role saw of it until now.

        `columns`: those that it may see; None: all, also those to come. `masks`: what stands in place of the values of
        some of them, as `parsed_mask` reads it. `where`: a SQL condition, true for the rows that it may see; None: all.
        Raises `TableNotFound`, `InvalidInput`, and `InvalidSchema` for columns that are not there.
        """
        self._changes.read(namespace.session)
        there, registry, table_name = self._named(namespace, table)
        require_grantable(there.supertable)
        rule = self._rules.rule(there, table_name, columns, masks or {}, where)
        there_now = registry.entries.keys()
        return self._edit(namespace.session, name, version, lambda role: checked_role(with_rule(role, rule, there_now)))

    def revoke(self, namespace: Namespace, name: str, table: str, version: int | None = None) -> RoleInfo:
        """A pattern, as it was granted, and the rule for the table of that name, also if it is there no more.

        Raises `NotFound` where the role has neither.
        """
        self._changes.read(namespace.session)
        there, registry, table_name = self._named(namespace, table) if "*" not in table else (namespace, None, table)

        def edited(role: Role) -> Role:
            return without_grant(role, table, _rules_for(role, there, registry, table_name))

        return self._edit(namespace.session, name, version, edited)

    def _named(self, namespace: Namespace, table: str) -> tuple[Namespace, Registry, str]:
        """Where the table of that name is, or would be. Raises `InvalidName`."""
        *qualifier, name = checked_text("The name of a table", table, 300).split(".", 1)
        supertable = checked_name("supertable", qualifier[0]) if qualifier else namespace.supertable
        there = replace(namespace, supertable=supertable)
        return there, self._tables.registry(there), checked_name("table", name)

    def _edit(self, session: Session, name: str, version: int | None, edit: Callable[[Role], Role]) -> RoleInfo:
        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            role = _found(access, name)
            require_version(f"Role {role.name}", role.version, version)
            made = edit(role)
            return [] if made == role else [AccessChange(AccessAction.PUT_ROLE, role=made)]

        return self._info(session, _found(self._changes.change(session, propose), name))

    def _info(self, session: Session, role: Role) -> RoleInfo:
        return self._infos.of(session, [role])[0]


def _found(access: Access, name: str) -> Role:
    """Raises `NotFound`, and `InvalidName` for the role that cannot be changed."""
    role = access.role(checked_role_name(name))
    if role is None:
        raise NotFound(f"There is no role {name!r}.")
    return role


def _rules_for(role: Role, namespace: Namespace, registry: Registry | None, name: str) -> set[str]:
    """Ids of tables for which the role has a rule, and which have that name, or had it before they were dropped."""
    if registry is None:
        return set()
    gone = {
        table_id
        for table_id, rule in role.rules.items()
        if name_key(rule.supertable) == name_key(namespace.supertable)
        and name_key(rule.name) == name_key(name)
        and table_id not in registry.names.values()
    }
    return gone | ({registry.names[name_key(name)]} if registry.has(name) else set())


def _still_used(role: Role, users: int, tokens: int) -> InvalidInput:
    return InvalidInput(
        f"Role {role.name} is still in use, by users: {users}, by tokens: {tokens}. Take it from them, or drop it with "
        "force, which does so."
    )
