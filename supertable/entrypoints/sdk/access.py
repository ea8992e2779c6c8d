"""Roles, users and tokens of the organization of a lake, from Python. All but one's own tokens need RBAC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from supertable.application.access_control.manage_roles import ManageRoles
from supertable.application.access_control.manage_tokens import TOKEN_SECONDS, ManageTokens, NewToken, TokenInfo
from supertable.application.access_control.manage_users import ManageUsers, UserInfo
from supertable.application.access_control.role_descriptions import RoleInfo
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.access.sessions import Session
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.sdk.durations import Duration, optional_seconds


class Roles:
    """What users and tokens may do, and see. `version`: what the role must be at, or `Outdated`.

    Everything raises `AccessDenied`, and `NotFound` for a role that is not there.
    """

    def __init__(self, container: Container, namespace: Namespace) -> None:
        self._use_case: ManageRoles = container.manage_roles()
        self._namespace = namespace

    def list(self) -> list[RoleInfo]:
        """By name, `superadmin` first, which is always there."""
        return self._use_case.list(self._namespace.session)

    def get(self, name: str) -> RoleInfo:
        return self._use_case.get(self._namespace.session, name)

    def create(self, name: str, type: str, tables: str | Sequence[str] = (), comment: str = "") -> RoleInfo:
        """A new role. `type`: superadmin, admin, writer, reader or meta; `tables`: as in `grant`.

        Raises `AlreadyExists` and `InvalidInput`.
        """
        return self._use_case.create(self._namespace.session, name, type, _several(tables), comment)

    def alter(
        self,
        name: str,
        *,
        type: str | None = None,
        tables: str | Sequence[str] | None = None,
        comment: str | None = None,
        version: int | None = None,
    ) -> RoleInfo:
        """What is not given stays, and so do rules for single tables."""
        patterns = None if tables is None else _several(tables)
        return self._use_case.alter(self._namespace.session, name, type, patterns, comment, version)

    def drop(self, name: str, *, force: bool = False, version: int | None = None) -> None:
        """`force`: also take it from the users who have it, and revoke tokens for it; else `InvalidInput`."""
        self._use_case.drop(self._namespace.session, name, force, version)

    def grant(
        self,
        name: str,
        table: str | Sequence[str],
        *,
        columns: str | Sequence[str] | None = None,
        masks: Mapping[str, str] | None = None,
        where: str | None = None,
        version: int | None = None,
    ) -> RoleInfo:
        """Whole tables by name or pattern (`orders`, `sales_*`, `sales.orders`, `*`), or a part of one table.

        A part: only some `columns`; `masks` in place of values (`null`, `hash`, `constant:TEXT`, `first:2`, `last:4`)
        by column; only the rows for which the SQL condition `where` is true. It replaces what the role saw of the
        table before. Raises `TableNotFound`, `InvalidInput`, and `AlreadyExists` where a rule stands in the way.
        """
        if columns is None and not masks and where is None:
            return self._use_case.grant(self._namespace, name, _several(table), version)
        if not isinstance(table, str):
            raise InvalidInput("A rule is for one table: grant a part of each by itself.")
        shown = None if columns is None else _several(columns)
        return self._use_case.grant_rule(self._namespace, name, table, shown, masks, where, version)

    def revoke(self, name: str, table: str, *, version: int | None = None) -> RoleInfo:
        """A name or pattern as it was granted, and the rule for the table of that name. Raises `NotFound`."""
        return self._use_case.revoke(self._namespace, name, table, version)


class Users:
    """A user is named by name or hash. Everything raises `AccessDenied`, and `NotFound` for users and roles."""

    def __init__(self, container: Container, namespace: Namespace) -> None:
        self._use_case: ManageUsers = container.manage_users()
        self._session: Session = namespace.session

    def list(self) -> list[UserInfo]:
        """By name."""
        return self._use_case.list(self._session)

    def get(self, user: str) -> UserInfo:
        return self._use_case.get(self._session, user)

    def create(
        self,
        name: str,
        roles: str | Sequence[str] = (),
        *,
        attributes: Mapping[str, str] | None = None,
        enabled: bool = True,
    ) -> UserInfo:
        """A new user. The first of `roles` is the default. Row filters may ask for `attributes`.

        Raises `AlreadyExists` and `InvalidInput`.
        """
        return self._use_case.create(self._session, name, _several(roles), attributes, enabled)

    def alter(
        self,
        user: str,
        *,
        name: str | None = None,
        roles: str | Sequence[str] | None = None,
        attributes: Mapping[str, str] | None = None,
        enabled: bool | None = None,
        version: int | None = None,
    ) -> UserInfo:
        """What is not given stays; the hash always does. `version`: what the user must be at, or `Outdated`."""
        held = None if roles is None else _several(roles)
        return self._use_case.alter(self._session, user, name, held, attributes, enabled, version)

    def drop(self, user: str, *, version: int | None = None) -> None:
        """The user's tokens go too."""
        self._use_case.drop(self._session, user, version)


class Tokens:
    """One's own tokens, and with RBAC those of all. Everything raises `AccessDenied` and `NotFound`."""

    def __init__(self, container: Container, namespace: Namespace) -> None:
        self._use_case: ManageTokens = container.manage_tokens()
        self._session: Session = namespace.session

    def list(self, user: str | None = None) -> list[TokenInfo]:
        """The newest first."""
        return self._use_case.list(self._session, user)

    def create(
        self,
        name: str,
        user: str | None = None,
        *,
        role: str | None = None,
        expires_in: Duration | None = TOKEN_SECONDS,
    ) -> NewToken:
        """A token, whose `secret` is shown this once. `user`: None: oneself; `role`: the only one that it gives.

        `expires_in`: 90 days unless it is given; None: it never does. Raises `AlreadyExists` and `InvalidInput`.
        """
        return self._use_case.create(self._session, name, user, role, optional_seconds(expires_in))

    def revoke(self, token: str) -> None:
        """By its id. It is refused from this moment on."""
        self._use_case.revoke(self._session, token)


def _several(names: str | Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else list(names)
