"""Users: making, changing and dropping them. All of it needs RBAC."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from supertable.application.access_control.access_changes import AccessChanges, require_version
from supertable.application.ports.clocks import Identifiers
from supertable.domain.access.accounts import Access, AccessAction, AccessChange, Authorization, User
from supertable.domain.access.sessions import Session
from supertable.domain.errors import AlreadyExists, InvalidInput, NotFound
from supertable.domain.names import MAX_NAME_LENGTH, checked_name, checked_text, checked_user, name_key

MOST_USERS = 10_000
MOST_ROLES_OF_USER = 50
_MOST_ATTRIBUTES = 50
_MOST_ATTRIBUTE_NAME = 128
_MOST_ATTRIBUTE_VALUE = 1_024


@dataclass(frozen=True, slots=True)
class UserInfo:
    """`hash`: 32 hex digits, the user's for good. `default_role`: the first of `roles`; None where there are none.

    `version`: the one of the organization's access log at which the user was changed last.
    """

    hash: str
    name: str
    roles: list[str]
    default_role: str | None
    attributes: dict[str, str]
    enabled: bool
    version: int

    @classmethod
    def of(cls, user: User) -> UserInfo:
        default = user.roles[0] if user.roles else None
        return cls(user.hash, user.name, list(user.roles), default, dict(user.attributes), user.enabled, user.version)


class ManageUsers:
    """A user is named by name or by hash. Raises `AccessDenied`, `NotSignedIn`, and `NotFound` for users and roles."""

    def __init__(self, changes: AccessChanges, identifiers: Identifiers) -> None:
        self._changes = changes
        self._identifiers = identifiers

    def list(self, session: Session) -> list[UserInfo]:
        """By name."""
        access, _ = self._changes.read(session)
        return [UserInfo.of(user) for user in sorted(access.users.values(), key=lambda user: name_key(user.name))]

    def get(self, session: Session, user: str) -> UserInfo:
        access, _ = self._changes.read(session)
        return UserInfo.of(found_user(access, user))

    def create(
        self,
        session: Session,
        name: str,
        roles: Sequence[str] = (),
        attributes: Mapping[str, str] | None = None,
        enabled: bool = True,
    ) -> UserInfo:
        """A new user with a new hash. The first of `roles` is the default. Raises `AlreadyExists`, `InvalidInput`."""
        hashed = hashlib.sha256(self._identifiers.secret().encode()).hexdigest()[:32]
        known = _checked_attributes(attributes or {})
        given = User(hashed, checked_user(name), tuple(roles), known, _checked_flag(enabled))

        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            if len(access.users) >= MOST_USERS:
                raise InvalidInput(f"There are {MOST_USERS:,} users, which is the most there may be. Drop some first.")
            _require_free(access, given)
            return [AccessChange(AccessAction.PUT_USER, user=_with_known_roles(access, given))]

        return UserInfo.of(self._changes.change(session, propose).users[hashed])

    def alter(
        self,
        session: Session,
        user: str,
        name: str | None = None,
        roles: Sequence[str] | None = None,
        attributes: Mapping[str, str] | None = None,
        enabled: bool | None = None,
        version: int | None = None,
    ) -> UserInfo:
        """What is not given stays; the hash always does. `version`: what it must be at, or `Outdated`.

        Raises `AlreadyExists` for a name, and `InvalidInput`.
        """

        def edited(known: User) -> User:
            return replace(
                known,
                name=known.name if name is None else checked_user(name),
                roles=known.roles if roles is None else tuple(roles),
                attributes=known.attributes if attributes is None else _checked_attributes(attributes),
                enabled=known.enabled if enabled is None else _checked_flag(enabled),
            )

        return self._edit(session, user, version, edited)

    def drop(self, session: Session, user: str, version: int | None = None) -> None:
        """The user's tokens go too, at once."""

        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            known = found_user(access, user)
            require_version(f"User {known.name}", known.version, version)
            return [AccessChange(AccessAction.DROP_USER, known.hash)]

        self._changes.change(session, propose)

    def _edit(self, session: Session, user: str, version: int | None, edit: Callable[[User], User]) -> UserInfo:
        hashed = ""

        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            nonlocal hashed
            known = found_user(access, user)
            hashed = known.hash
            require_version(f"User {known.name}", known.version, version)
            made = _with_known_roles(access, edit(known))
            _require_free(access, made)
            return [] if made == known else [AccessChange(AccessAction.PUT_USER, user=made)]

        return UserInfo.of(self._changes.change(session, propose).users[hashed])


def found_user(access: Access, user: str) -> User:
    """By name or hash. Raises `NotFound` and `InvalidInput`."""
    checked_text("A user", user, MAX_NAME_LENGTH)
    found = access.users.get(user.lower()) or access.user_named(user)
    if found is None:
        raise NotFound(f"There is no user {user[:80]!r}.")
    return found


def _require_free(access: Access, user: User) -> None:
    other = access.user_named(user.name)
    if other is not None and other.hash != user.hash:
        raise AlreadyExists(f"There is a user {other.name} already; nothing was changed.")


def _with_known_roles(access: Access, user: User) -> User:
    """With the roles' names as they are written, each once."""
    known: dict[str, str] = {}
    for name in user.roles:
        role = access.role(checked_name("role", name))
        if role is None:
            raise NotFound(
                f"There is no role {name!r} that a user could have. To let users manage access, make a role of "
                "type superadmin."
            )
        known.setdefault(name_key(role.name), role.name)
    if len(known) > MOST_ROLES_OF_USER:
        raise InvalidInput(f"A user may have {MOST_ROLES_OF_USER} roles.")
    return replace(user, roles=tuple(known.values()))


def _checked_flag(enabled: object) -> bool:
    if not isinstance(enabled, bool):
        raise InvalidInput("A user is enabled or not: say true or false.")
    return enabled


def _checked_attributes(given: Mapping[str, str]) -> dict[str, str]:
    if len(given) > _MOST_ATTRIBUTES:
        raise InvalidInput(f"A user may have {_MOST_ATTRIBUTES} attributes.")
    for name, value in given.items():
        if not checked_text("The name of an attribute", name, _MOST_ATTRIBUTE_NAME):
            raise InvalidInput("An attribute needs a name.")
        checked_text(f"Attribute {name}", value, _MOST_ATTRIBUTE_VALUE)
    return dict(given)
