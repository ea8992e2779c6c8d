"""Sessions: the authenticated caller and the role of a request.

A request acts under exactly one role: the user's default, or one that the request names and the user holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from supertable.domain.access.roles import SUPERADMIN
from supertable.domain.names import name_key


@dataclass(frozen=True, slots=True)
class Session:
    """An authenticated caller. The rights of its role are looked up again for every action.

    `user`: the user's hash. `token`: the id of the stored token that it signed in with, or empty. `external`: another
    system vouches for the user and the role until `until_us`; then the `attributes` also come from that system.
    """

    organization: str
    user: str
    name: str
    role: str
    superuser: bool = False
    token: str = ""
    external: bool = False
    attributes: tuple[tuple[str, str], ...] = ()
    until_us: int | None = None

    @property
    def irrevocable(self) -> bool:
        """Whether no stored role, user or token can limit the session's rights."""
        return self.superuser and not self.token and self.role == SUPERADMIN.name and self.until_us is None


def superuser_hash(organization: str) -> str:
    """The default hash of the superuser: 32 hex digits, the same in every deployment."""
    return hashlib.sha256(f"superuser of {name_key(organization)}".encode()).hexdigest()[:32]


def external_user_hash(issuer: str, subject: str) -> str:
    """The hash of a user of another system: 32 hex digits, always the same for one issuer and subject."""
    return hashlib.sha256(f"{len(issuer)} {issuer} {subject}".encode()).hexdigest()[:32]


def owner(organization: str, role: str | None = None, user: str | None = None) -> Session:
    """The session of an embedded lake: a superuser, under `role` if given. `user`: the superuser's hash if set."""
    user = user or superuser_hash(organization)
    return Session(organization, user, "owner", role or SUPERADMIN.name, superuser=True)
