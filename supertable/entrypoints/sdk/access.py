"""The roles, users and tokens of a lake's organization, from Python.

Only a role of type superadmin may manage them, except that every user may manage their own tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from supertable.application.access_control.manage_roles import ManageRoles
from supertable.application.access_control.manage_tokens import TOKEN_SECONDS, ManageTokens, NewToken, TokenInfo
from supertable.application.access_control.manage_users import ManageUsers, UserInfo
from supertable.application.access_control.role_descriptions import RoleInfo
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.domain.access.sessions import Session
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.sdk.door import door
from supertable.entrypoints.sdk.durations import Duration, optional_seconds
from supertable.entrypoints.sdk.records import Records

RoleTypeName: TypeAlias = Literal["superadmin", "admin", "writer", "reader", "meta"]


@door
class Roles:
    """The roles of an organization, which decide what users and tokens may do and see.

    Every method raises `AccessDenied`, and `NotFound` for a missing role. `version`, where a method takes it: the
    version that the caller has read; if the role has changed since, the method raises `Outdated` and changes nothing.
    """

    def __init__(self, container: Container, namespace: Namespace) -> None:
        self._manage: Callable[[], ManageRoles] = container.manage_roles
        self._namespace = namespace

    def list(self) -> Records[RoleInfo]:
        """All roles, sorted by name after the built-in `superadmin`."""
        return Records(self._manage().list(self._namespace.session))

    def get(self, name: str) -> RoleInfo:
        """The role of this name."""
        return self._manage().get(self._namespace.session, name)

    def create(self, name: str, type: RoleTypeName, tables: str | Sequence[str] = (), comment: str = "") -> RoleInfo:
        """Create a role. `type`: superadmin, admin, writer, reader or meta. `tables`: tables it sees in full.

        `tables` are names or patterns, as in `grant`. Raises `AlreadyExists` and `InvalidInput`.
        """
        return self._manage().create(self._namespace.session, name, type, _as_list(tables), comment)

    def alter(
        self,
        name: str,
        *,
        type: str | None = None,
        tables: str | Sequence[str] | None = None,
        comment: str | None = None,
        version: int | None = None,
    ) -> RoleInfo:
        """Change a role. Parameters that are None stay unchanged, and so do rules for single tables."""
        patterns = None if tables is None else _as_list(tables)
        return self._manage().alter(self._namespace.session, name, type, patterns, comment, version)

    def drop(self, name: str, *, force: bool = False, version: int | None = None) -> None:
        """Drop a role. Raises `InvalidInput` if users or tokens have it, unless `force`, which removes it from them.

        Tokens that can act under this role only are revoked.
        """
        self._manage().drop(self._namespace.session, name, force, version)

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
        """Let a role see tables in full, by name or pattern, or part of one table.

            lake.roles.grant("analyst", "sales_*")
            lake.roles.grant("buyer", "people", masks={"email": "last:4"}, where="region = user_attribute('region')")

        `table`: names or patterns, such as `orders`, `sales_*`, `sales.orders` or `*`. With `columns`, `masks` or
        `where`, it is the name of one table, and the role sees only those columns (None: all), masked values by column
        (`null`, `hash`, `constant:TEXT`, `first:N`, `last:N`), and the rows for which the SQL condition is true. This
        replaces what the role saw of the table before.
        Raises `TableNotFound`, `InvalidInput`, and `AlreadyExists` where an existing rule conflicts.
        """
        if columns is None and not masks and where is None:
            return self._manage().grant(self._namespace, name, _as_list(table), version)
        if not isinstance(table, str):
            raise InvalidInput("A rule applies to one table. Grant part of each table separately.")
        visible = None if columns is None else _as_list(columns)
        return self._manage().grant_rule(self._namespace, name, table, visible, masks, where, version)

    def revoke(self, name: str, table: str, *, version: int | None = None) -> RoleInfo:
        """Revoke a name or pattern as it was granted, and the rule for the table of that name.

        Raises `NotFound` if the role has neither.
        """
        return self._manage().revoke(self._namespace, name, table, version)


@door
class Users:
    """The users of an organization. `user` parameters take a name or a hash.

    Every method raises `AccessDenied`, and `NotFound` for a missing user or role.
    """

    def __init__(self, container: Container, namespace: Namespace) -> None:
        self._manage: Callable[[], ManageUsers] = container.manage_users
        self._session: Session = namespace.session

    def list(self) -> Records[UserInfo]:
        """All users, sorted by name."""
        return Records(self._manage().list(self._session))

    def get(self, user: str) -> UserInfo:
        """The user of this name or hash."""
        return self._manage().get(self._session, user)

    def create(
        self,
        name: str,
        roles: str | Sequence[str] = (),
        *,
        attributes: Mapping[str, str] | None = None,
        enabled: bool = True,
    ) -> UserInfo:
        """Create a user. The first of `roles` is the default one. Row filters read `attributes`, text by name.

        Raises `AlreadyExists` and `InvalidInput`.
        """
        return self._manage().create(self._session, name, _as_list(roles), attributes, enabled)

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
        """Change a user. Parameters that are None stay unchanged; given roles and attributes replace the old ones.

        The hash never changes. `version`: the version that the caller has read; if the user has changed since, this
        raises `Outdated`. Raises `AlreadyExists` and `InvalidInput`.
        """
        new_roles = None if roles is None else _as_list(roles)
        return self._manage().alter(self._session, user, name, new_roles, attributes, enabled, version)

    def drop(self, user: str, *, version: int | None = None) -> None:
        """Drop a user and revoke the user's tokens. `version`: as in `alter`."""
        self._manage().drop(self._session, user, version)


@door
class Tokens:
    """The caller's own tokens, and for a role of type superadmin those of all users.

    Every method raises `AccessDenied`, and `NotFound` for a missing user, role or token.
    """

    def __init__(self, container: Container, namespace: Namespace) -> None:
        self._manage: Callable[[], ManageTokens] = container.manage_tokens
        self._session: Session = namespace.session

    def list(self, user: str | None = None) -> Records[TokenInfo]:
        """The tokens that the caller may see, newest first; with `user` (a name or hash) only those of this user."""
        return Records(self._manage().list(self._session, user))

    def create(
        self,
        name: str,
        user: str | None = None,
        *,
        role: str | None = None,
        expires_in: Duration | None = TOKEN_SECONDS,
    ) -> NewToken:
        """Create a token. The `secret` of the result is the token itself; it is not stored and cannot be read again.

        `user`: a name or hash; None: the caller. `role`: the only role that the token can act under; None: any of the
        user's. `expires_in`: a timedelta or seconds, by default 90 days; None: never. Raises `AlreadyExists` and
        `InvalidInput`.
        """
        return self._manage().create(self._session, name, user, role, optional_seconds(expires_in))

    def revoke(self, token: str) -> None:
        """Revoke a token by its id. It is refused from now on."""
        self._manage().revoke(self._session, token)


def _as_list(names: str | Sequence[str]) -> Sequence[str]:
    return [names] if isinstance(names, str) else list(names)
