"""Managing users. Every operation requires the permission RBAC."""

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
    """`hash`: 32 hex digits that never change. `default_role`: the first of `roles`; None if there are none.

    `version`: the version of the organization's access log at which the user was last changed.
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
    """Users are identified by name or hash.

    All methods raise `AccessDenied`, `NotSignedIn`, and `NotFound` for users and roles that do not exist.
    """

    def __init__(self, changes: AccessChanges, identifiers: Identifiers) -> None:
        self._changes = changes
        self._identifiers = identifiers

    def list(self, session: Session) -> list[UserInfo]:
        """All users, sorted by name."""
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
        """Create a user with a new hash. The first of `roles` is the default.

        Raises `AlreadyExists` and `InvalidInput`.
        """
        hashed = hashlib.sha256(self._identifiers.secret().encode()).hexdigest()[:32]
        checked = _checked_attributes(attributes or {})
        given = User(hashed, checked_user(name), tuple(roles), checked, _checked_flag(enabled))

        def propose(access: Access, _: Authorization) -> list[AccessChange]:
            if len(access.users) >= MOST_USERS:
                raise InvalidInput(f"There are {MOST_USERS:,} users already, which is the limit. Drop some first.")
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
        """Change a user. Arguments that are None stay as they are; the hash never changes.

        `version`: the version at which the user must be, else `Outdated` is raised; None: no precondition. Raises
        `AlreadyExists` if another user has the name, and `InvalidInput`.
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
        """Drop a user and revoke their tokens."""

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
            edited = _with_known_roles(access, edit(known))
            _require_free(access, edited)
            return [] if edited == known else [AccessChange(AccessAction.PUT_USER, user=edited)]

        return UserInfo.of(self._changes.change(session, propose).users[hashed])


def found_user(access: Access, user: str) -> User:
    """The user with that name or hash. Raises `NotFound` and `InvalidInput`."""
    checked_text("A user", user, MAX_NAME_LENGTH)
    found = access.users.get(user.lower()) or access.user_named(user)
    if found is None:
        raise NotFound(f"There is no user {user[:80]!r}.")
    return found


def _require_free(access: Access, user: User) -> None:
    other = access.user_named(user.name)
    if other is not None and other.hash != user.hash:
        raise AlreadyExists(f"A user {other.name} exists already. Nothing was changed; choose another name.")


def _with_known_roles(access: Access, user: User) -> User:
    """The user with each role once, named as it was created. Raises `NotFound` and `InvalidInput`."""
    known: dict[str, str] = {}
    for name in user.roles:
        role = access.role(checked_name("role", name))
        if role is None:
            raise NotFound(
                f"There is no role {name!r} that users can have. To let a user manage access, create a role of type "
                "superadmin."
            )
        known.setdefault(name_key(role.name), role.name)
    if len(known) > MOST_ROLES_OF_USER:
        raise InvalidInput(f"A user may have at most {MOST_ROLES_OF_USER} roles.")
    return replace(user, roles=tuple(known.values()))


def _checked_flag(enabled: object) -> bool:
    if not isinstance(enabled, bool):
        raise InvalidInput("Whether a user is enabled must be true or false.")
    return enabled


def _checked_attributes(given: Mapping[str, str]) -> dict[str, str]:
    if len(given) > _MOST_ATTRIBUTES:
        raise InvalidInput(f"A user may have at most {_MOST_ATTRIBUTES} attributes.")
    for name, value in given.items():
        if not checked_text("The name of an attribute", name, _MOST_ATTRIBUTE_NAME):
            raise InvalidInput("An attribute needs a name.")
        checked_text(f"Attribute {name}", value, _MOST_ATTRIBUTE_VALUE)
    return dict(given)
