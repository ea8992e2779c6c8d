"""Managing roles and what they are granted. Every operation requires the permission RBAC."""

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
    """All methods raise `AccessDenied`, `NotSignedIn`, and `NotFound` for a role that does not exist.

    `version`: the version at which the role must be, else `Outdated` is raised; None: no precondition. Tables are named
    as in SQL: `orders` in the namespace's supertable, `sales.orders` in another.
    """

    def __init__(self, changes: AccessChanges, tables: Tables, rules: TableGrants, infos: RoleDescriptions) -> None:
        self._changes = changes
        self._tables = tables
        self._rules = rules
        self._infos = infos

    def list(self, session: Session) -> list[RoleInfo]:
        """All roles by name, `superadmin` first."""
        access, _ = self._changes.read(session)
        roles = sorted(access.roles.values(), key=lambda role: name_key(role.name))
        return self._infos.describe(session, [SUPERADMIN, *roles])

    def get(self, session: Session, name: str) -> RoleInfo:
        access, _ = self._changes.read(session)
        built_in = name_key(checked_name("role", name)) == SUPERADMIN.name
        return self._info(session, SUPERADMIN if built_in else _found(access, name))

    def create(self, session: Session, name: str, type: str, tables: Sequence[str] = (), comment: str = "") -> RoleInfo:
        """Create a role that sees whole tables, those that match the patterns `tables`.

        Raises `AlreadyExists` and `InvalidInput`.
        """
        checked_role_name(name)
        role = with_grants(Role(name, role_type(type), comment=comment), tables)

        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            present = access.role(name)
            if present is not None:
                raise AlreadyExists(f"A role {present.name} exists already. Nothing was changed; choose another name.")
            if len(access.roles) >= MOST_ROLES:
                raise InvalidInput(f"There are {MOST_ROLES:,} roles already, which is the limit. Drop some first.")
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
        """Change a role. Arguments that are None, and the rules, stay as they are. Raises `InvalidInput`."""

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
        """Drop a role. `force`: also if it is in use; it is then taken from users, and tokens bound to it are revoked.

        Raises `InvalidInput` if the role is in use and `force` is false.
        """

        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            role = _found(access, name)
            require_version(f"Role {role.name}", role.version, version)
            users = [user for user in access.users.values() if user.holds(role.name)]
            tokens = [token for token in access.tokens.values() if name_key(token.role or "") == name_key(role.name)]
            if (users or tokens) and not force:
                raise _still_used(role, len(users), len(tokens))
            without_role = [
                replace(user, roles=tuple(held for held in user.roles if name_key(held) != name_key(role.name)))
                for user in users
            ]
            return [
                *(AccessChange(AccessAction.PUT_USER, user=user) for user in without_role),
                *(AccessChange(AccessAction.DROP_TOKEN, token.id) for token in tokens),
                AccessChange(AccessAction.DROP_ROLE, role.name),
            ]

        self._changes.change(session, propose)

    def grant(self, namespace: Namespace, name: str, patterns: Sequence[str], version: int | None = None) -> RoleInfo:
        """Grant whole tables: by name, or all present and future ones that match a pattern (`sales_*`, `main.*`, `*`).

        Rules for single tables stay in force. Raises `InvalidName`, and `AlreadyExists` if the role has a rule for a
        table that is named without a pattern.
        """
        self._changes.read(namespace.session)
        named = [self._named(namespace, pattern) for pattern in patterns if "*" not in checked_pattern(pattern)]

        def edited(role: Role) -> Role:
            for place, registry, table in named:
                require_no_rule(role, _rules_for(role, place, registry, table))
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
        """Grant a part of one table, in place of what the role saw of it before.

        `columns`: the visible ones; None: all, including future ones. `masks`: by column, the mask of its values, in
        the syntax of `parsed_mask`. `where`: a SQL condition that is true for the visible rows; None: all rows. Raises
        `TableNotFound`, `InvalidInput`, and `InvalidSchema` for columns that do not exist.
        """
        self._changes.read(namespace.session)
        place, registry, table_name = self._named(namespace, table)
        require_grantable(place.supertable)
        rule = self._rules.rule(place, table_name, columns, masks or {}, where)
        existing = registry.entries.keys()
        return self._edit(namespace.session, name, version, lambda role: checked_role(with_rule(role, rule, existing)))

    def revoke(self, namespace: Namespace, name: str, table: str, version: int | None = None) -> RoleInfo:
        """Revoke a pattern, as it was granted, and the rule for the table of that name, even if it was dropped.

        Raises `NotFound` if the role has neither.
        """
        self._changes.read(namespace.session)
        place, registry, table_name = self._named(namespace, table) if "*" not in table else (namespace, None, table)

        def edited(role: Role) -> Role:
            return without_grant(role, table, _rules_for(role, place, registry, table_name))

        return self._edit(namespace.session, name, version, edited)

    def _named(self, namespace: Namespace, table: str) -> tuple[Namespace, Registry, str]:
        """Namespace, registry and name of a table, which need not exist. Raises `InvalidName`."""
        *qualifier, name = checked_text("The name of a table", table, 300).split(".", 1)
        supertable = checked_name("supertable", qualifier[0]) if qualifier else namespace.supertable
        place = replace(namespace, supertable=supertable)
        return place, self._tables.registry(place), checked_name("table", name)

    def _edit(self, session: Session, name: str, version: int | None, edit: Callable[[Role], Role]) -> RoleInfo:
        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            role = _found(access, name)
            require_version(f"Role {role.name}", role.version, version)
            edited = edit(role)
            return [] if edited == role else [AccessChange(AccessAction.PUT_ROLE, role=edited)]

        return self._info(session, _found(self._changes.change(session, propose), name))

    def _info(self, session: Session, role: Role) -> RoleInfo:
        return self._infos.describe(session, [role])[0]


def _found(access: Access, name: str) -> Role:
    """Raises `NotFound`, and `InvalidName` for the built-in role, which cannot be changed."""
    role = access.role(checked_role_name(name))
    if role is None:
        raise NotFound(f"There is no role {name!r}.")
    return role


def _rules_for(role: Role, namespace: Namespace, registry: Registry | None, name: str) -> set[str]:
    """Ids of the present table with that name, and of dropped ones that had it, for which the role may have a rule."""
    if registry is None:
        return set()
    dropped = {
        table_id
        for table_id, rule in role.rules.items()
        if name_key(rule.supertable) == name_key(namespace.supertable)
        and name_key(rule.name) == name_key(name)
        and table_id not in registry.names.values()
    }
    return dropped | ({registry.names[name_key(name)]} if registry.has(name) else set())


def _still_used(role: Role, users: int, tokens: int) -> InvalidInput:
    return InvalidInput(
        f"Role {role.name} is still in use (users: {users}, tokens: {tokens}). Take it from them first, or drop it "
        "with force, which does that."
    )
