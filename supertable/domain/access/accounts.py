"""The roles, users and tokens of an organization. Their changes form a versioned log, like a table's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from supertable.domain.access.roles import SUPERADMIN, Permission, Role
from supertable.domain.access.row_filters import Caller
from supertable.domain.access.sessions import Session
from supertable.domain.errors import AccessDenied, NotSignedIn
from supertable.domain.names import name_key

TOKEN_PREFIX = "st_"  # noqa: S105
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class User:
    """`hash`: 32 hex digits, which never change, even if the name does. `roles`: names; the first is the default.

    `version`: as in `Role`.
    """

    hash: str
    name: str
    roles: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    version: int = 0

    def holds(self, role: str) -> bool:
        return name_key(role) in map(name_key, self.roles)


@dataclass(frozen=True, slots=True)
class Token:
    """`digest`: SHA-256 of the token, as hex; the token itself is never stored. `user`: the user's hash.

    `role`: the only role that it can use; None: any of the user's. Times are in microseconds since 1970 UTC;
    `used_at_us` is accurate to an hour.
    """

    id: str
    user: str
    name: str
    digest: str = field(repr=False)
    created_at_us: int
    expires_at_us: int | None = None
    role: str | None = None
    used_at_us: int | None = None


def token_digest(token: str) -> str:
    """The digest that is stored for a token. Accepts invalid Unicode, which no token contains."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


class AccessAction(StrEnum):
    """PUT creates or replaces. FOUND sets the organization's secret."""

    FOUND = "found"
    PUT_ROLE = "put role"
    DROP_ROLE = "drop role"
    PUT_USER = "put user"
    DROP_USER = "drop user"
    PUT_TOKEN = "put token"  # noqa: S105
    DROP_TOKEN = "drop token"  # noqa: S105
    USE_TOKEN = "use token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class AccessChange:
    """`name`: what is dropped or used: a role's name, a user's hash or a token's id. `at_us`: when it was used."""

    action: AccessAction
    name: str = ""
    role: Role | None = None
    user: User | None = None
    token: Token | None = None
    secret: str = field(default="", repr=False)
    at_us: int = 0


@dataclass(frozen=True, slots=True)
class AccessCommit:
    """One version of the log. `by`: the hash of the user who made the commit."""

    id: str
    version: int
    committed_at_us: int
    by: str
    changes: tuple[AccessChange, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """The accounts at one version: `roles` by name key, `users` by hash, `tokens` by id.

    `secret` keys the hashes of masked values.
    """

    version: int = 0
    commit_id: str = ""
    committed_at_us: int = 0
    roles: Mapping[str, Role] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    tokens: Mapping[str, Token] = field(default_factory=dict)
    secret: str = field(default="", repr=False)

    def role(self, name: str) -> Role | None:
        return self.roles.get(name_key(name))

    def user_named(self, name: str) -> User | None:
        return next((user for user in self.users.values() if name_key(user.name) == name_key(name)), None)

    def token_of(self, digest: str) -> Token | None:
        return next((token for token in self.tokens.values() if token.digest == digest), None)


@dataclass(frozen=True, slots=True)
class Authorization:
    """The current rights of a session. `secret`: see `Access`."""

    role: Role
    caller: Caller
    secret: str = field(default="", repr=False)

    def require(self, need: Permission) -> None:
        """Raises `AccessDenied` where the role does not have the permission."""
        if not self.role.may(need):
            raise AccessDenied(f"The role {self.role.name!r} ({self.role.type}) does not have the permission {need}.")


NO_ACCOUNTS = Access()


def authorization(access: Access, session: Session, now_us: int) -> Authorization:
    """Raises `NotSignedIn` where the session has ended, and `AccessDenied` where it no longer has its role."""
    _require_valid_token(access, session, now_us)
    attributes = dict(session.attributes)
    if session.external:
        _require_not_barred(access, session)
    elif not session.superuser:
        attributes = {**_user_with_role(access, session).attributes, **attributes}
    role = access.role(session.role)
    if session.superuser and name_key(session.role) == SUPERADMIN.name:
        role = SUPERADMIN
    if role is None:
        raise AccessDenied(f"There is no role {session.role!r}.")
    return Authorization(role, Caller(session.user, role.name, attributes), access.secret)


def _require_valid_token(access: Access, session: Session, now_us: int) -> None:
    token = access.tokens.get(session.token)
    if session.token and token is None:
        raise NotSignedIn("This token was revoked.")
    ends = [end for end in (session.until_us, token.expires_at_us if token else None) if end is not None]
    if any(now_us >= end for end in ends):
        raise NotSignedIn("This token has expired.")


def _user_with_role(access: Access, session: Session) -> User:
    user = access.users.get(session.user)
    if user is None or not user.enabled:
        raise NotSignedIn("This user was dropped or disabled.")
    if not user.holds(session.role):
        raise AccessDenied(f"User {user.name} does not have the role {session.role!r}.")
    return user


def _require_not_barred(access: Access, session: Session) -> None:
    """A user of another system who was stored after signing in has the stored roles, and may be disabled."""
    user = access.users.get(session.user) or access.user_named(session.name)
    if user is not None and not user.enabled:
        raise NotSignedIn("This user was disabled.")
    if user is not None and not user.holds(session.role):
        raise AccessDenied(f"User {user.name} does not have the role {session.role!r}.")


def replayed_access(base: Access | None, commits: Iterable[AccessCommit]) -> Access | None:
    """The state after `commits`; None where there is none yet. Raises `ValueError` on a gap in the versions."""
    state = base or NO_ACCOUNTS
    for commit in commits:
        if commit.version != state.version + 1:
            raise ValueError(f"version {commit.version} instead of {state.version + 1}")
        state = replace(state, version=commit.version, commit_id=commit.id, committed_at_us=commit.committed_at_us)
        for change in commit.changes:
            state = _applied(state, change)
    return state if state.version else None


def _applied(state: Access, change: AccessChange) -> Access:
    match change.action:
        case AccessAction.FOUND:
            return replace(state, secret=change.secret)
        case AccessAction.PUT_ROLE if change.role:
            role = replace(change.role, version=state.version)
            return replace(state, roles={**state.roles, name_key(role.name): role})
        case AccessAction.PUT_USER if change.user:
            user = replace(change.user, version=state.version)
            return replace(state, users={**state.users, user.hash: user})
        case AccessAction.PUT_TOKEN if change.token:
            return replace(state, tokens={**state.tokens, change.token.id: change.token})
        case AccessAction.DROP_ROLE:
            return replace(state, roles=_without(state.roles, name_key(change.name)))
        case AccessAction.DROP_USER:
            remaining = {token_id: token for token_id, token in state.tokens.items() if token.user != change.name}
            return replace(state, users=_without(state.users, change.name), tokens=remaining)
        case AccessAction.DROP_TOKEN:
            return replace(state, tokens=_without(state.tokens, change.name))
        case AccessAction.USE_TOKEN if change.name in state.tokens:
            used = replace(state.tokens[change.name], used_at_us=change.at_us)
            return replace(state, tokens={**state.tokens, change.name: used})
    return state


def _without(entries: Mapping[str, Entry], name: str) -> dict[str, Entry]:
    return {key: entry for key, entry in entries.items() if key != name}
