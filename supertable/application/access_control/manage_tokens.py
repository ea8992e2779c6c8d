"""Managing access tokens.

Callers with the permission RBAC manage all tokens. Other callers manage their own: the tokens that they create permit
no more, and are valid no longer, than their session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from supertable.application.access_control.access_changes import AccessChanges
from supertable.application.access_control.manage_users import found_user
from supertable.application.ports.clocks import Clock, Identifiers
from supertable.domain.access.accounts import (
    TOKEN_PREFIX,
    Access,
    AccessAction,
    AccessChange,
    Authorization,
    Token,
    token_digest,
)
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session
from supertable.domain.errors import AccessDenied, AlreadyExists, InvalidInput, NotFound
from supertable.domain.names import checked_name, checked_text, name_key
from supertable.domain.timestamps import moment

TOKEN_SECONDS = 90 * 24 * 3600.0
MOST_TOKENS_OF_USER = 100
_MOST_NAME = 128
_LONGEST_SECONDS = 100 * 366 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """`user`: its user's name, empty if unknown. `role`: the only role it permits; None: any role of the user.

    `expires_at`: None: never. `used_at`: the last use, to the hour; None: not used yet.
    """

    id: str
    name: str
    user: str
    user_hash: str
    role: str | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None

    @classmethod
    def of(cls, token: Token, names: Mapping[str, str]) -> TokenInfo:
        """`names`: the users' names, by hash."""
        return cls(
            id=token.id,
            name=token.name,
            user=names.get(token.user, ""),
            user_hash=token.user,
            role=token.role,
            created_at=moment(token.created_at_us),
            expires_at=None if token.expires_at_us is None else moment(token.expires_at_us),
            used_at=None if token.used_at_us is None else moment(token.used_at_us),
        )


@dataclass(frozen=True, slots=True)
class NewToken:
    """`secret` is the token itself. Only its digest is stored, so that it cannot be shown again."""

    info: TokenInfo
    secret: str = field(repr=False)


class ManageTokens:
    """All methods raise `NotSignedIn`, `AccessDenied`, and `NotFound` for users, roles and tokens that do not exist."""

    def __init__(self, changes: AccessChanges, clock: Clock, identifiers: Identifiers) -> None:
        self._changes = changes
        self._clock = clock
        self._identifiers = identifiers

    def list(self, session: Session, user: str | None = None) -> list[TokenInfo]:
        """The tokens that the caller may revoke, newest first. `user`: only those of this user; None: of all users."""
        access, now = self._changes.read(session, need=None)
        shown = [token for token in access.tokens.values() if _may_manage(access, session, now, token)]
        if user is not None:
            hashed = _owner(access, session, now, user)
            shown = [token for token in shown if token.user == hashed]
        names = _names(access, session)
        newest_first = sorted(shown, key=lambda token: (token.created_at_us, token.id), reverse=True)
        return [TokenInfo.of(token, names) for token in newest_first]

    def create(
        self,
        session: Session,
        name: str,
        user: str | None = None,
        role: str | None = None,
        lifetime_seconds: float | None = TOKEN_SECONDS,
    ) -> NewToken:
        """Create a token of `user` (None: the caller). `role`: the only role it permits; None: any role of the user.

        `lifetime_seconds`: None: it never expires. Without RBAC, role and lifetime are restricted to those of the
        caller's session. Raises `AlreadyExists` if the user has a token of that name, and `InvalidInput`.
        """
        if not checked_text("The name of a token", name, _MOST_NAME).strip():
            raise InvalidInput("A token needs a name that says what it is for.")
        secret = TOKEN_PREFIX + self._identifiers.secret()
        token_id = self._identifiers.new()
        expires = self._expiry(lifetime_seconds)

        def propose(access: Access, now: Authorization) -> list[AccessChange]:
            owner = _owner(access, session, now, user)
            _require_room(access, owner, name)
            token = Token(
                id=token_id,
                user=owner,
                name=name,
                digest=token_digest(secret),
                created_at_us=self._clock.now_us(),
                expires_at_us=_bounded_expiry(access, session, now, expires),
                role=_role(access, session, now, owner, role),
            )
            return [AccessChange(AccessAction.PUT_TOKEN, token=token)]

        access = self._changes.change(session, propose, need=None)
        return NewToken(TokenInfo.of(access.tokens[token_id], _names(access, session)), secret)

    def revoke(self, session: Session, token: str) -> None:
        """Revoke a token by its id. It is refused from then on."""

        def propose(access: Access, now: Authorization) -> list[AccessChange]:
            known = access.tokens.get(token.lower())
            if known is None or not _may_manage(access, session, now, known):
                raise NotFound(f"There is no token with the id {token[:80]!r}.")
            return [AccessChange(AccessAction.DROP_TOKEN, known.id)]

        self._changes.change(session, propose, need=None)

    def _expiry(self, lifetime_seconds: float | None) -> int | None:
        if lifetime_seconds is None:
            return None
        if not 0 < lifetime_seconds <= _LONGEST_SECONDS:
            raise InvalidInput(
                "The lifetime of a token must be more than 0 seconds and at most 100 years, or unlimited."
            )
        return self._clock.now_us() + round(lifetime_seconds * 1_000_000)


def _owner(access: Access, session: Session, now: Authorization, user: str | None) -> str:
    """The hash of the user whose tokens are managed. Raises `AccessDenied` and `NotFound`."""
    if user is None or user.lower() == session.user:
        _require_own(access, session)
        return session.user
    if now.role.may(Permission.RBAC):
        return found_user(access, user).hash
    own = access.user_named(user)
    if own is None or own.hash != session.user:
        raise AccessDenied("Managing the tokens of other users requires a role with the permission rbac.")
    return session.user


def _require_own(access: Access, session: Session) -> None:
    if not session.superuser and session.user not in access.users:
        raise AccessDenied("This user comes from another system, so that its tokens are created there, not here.")


def _may_manage(access: Access, session: Session, now: Authorization, token: Token) -> bool:
    if now.role.may(Permission.RBAC):
        return True
    bound = _bound_role(access, session)
    return token.user == session.user and (bound is None or name_key(token.role or "") == name_key(bound))


def _bound_role(access: Access, session: Session) -> str | None:
    """The only role that the session may use; None: it came from a stored token that permits any role."""
    token = access.tokens.get(session.token)
    return session.role if token is None else token.role


def _role(access: Access, session: Session, now: Authorization, owner: str, role: str | None) -> str | None:
    bound = None if now.role.may(Permission.RBAC) else _bound_role(access, session)
    chosen = role or bound
    if chosen is None:
        return None
    checked_name("role", chosen)
    if bound is not None and name_key(chosen) != name_key(bound):
        raise AccessDenied(f"This session permits only the role {bound!r}, and so do the tokens that it creates.")
    known = access.role(chosen)
    if known is None:
        raise NotFound(f"There is no role {chosen!r}.")
    if owner in access.users and not access.users[owner].holds(known.name):
        raise InvalidInput(f"User {access.users[owner].name} does not have the role {known.name}. Grant it first.")
    return known.name


def _bounded_expiry(access: Access, session: Session, now: Authorization, expires: int | None) -> int | None:
    """The expiry of a new token: without RBAC, not after that of the session."""
    if now.role.may(Permission.RBAC):
        return expires
    token = access.tokens.get(session.token)
    limits = [expires, session.until_us, token.expires_at_us if token else None]
    return min((limit for limit in limits if limit is not None), default=None)


def _require_room(access: Access, owner: str, name: str) -> None:
    present = [token for token in access.tokens.values() if token.user == owner]
    if any(token.name == name for token in present):
        raise AlreadyExists(f"This user has a token {name!r} already. Revoke it first, or choose another name.")
    if len(present) >= MOST_TOKENS_OF_USER:
        raise InvalidInput(f"A user may have at most {MOST_TOKENS_OF_USER} tokens. Revoke some first.")


def _names(access: Access, session: Session) -> dict[str, str]:
    """Users' names by hash; that of the superuser only if the caller is the superuser."""
    own = {session.user: session.name} if session.superuser else {}
    return {user.hash: user.name for user in access.users.values()} | own
