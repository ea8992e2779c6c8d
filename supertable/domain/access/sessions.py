"""Who asks. A request acts under exactly one role, the user's default or one that it names and holds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from supertable.domain.access.roles import SUPERADMIN
from supertable.domain.names import name_key


@dataclass(frozen=True, slots=True)
class Session:
    """A caller that has been recognized. What its role allows is looked up anew whenever it does something.

    `user` is the user's hash. `token`: the id of the stored token that it came with. `external`: another system says
    who it is and which role it has, until `until_us`; then `attributes` are from there too.
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
        """Whether nothing that is stored could take its rights away."""
        return self.superuser and not self.token and self.role == SUPERADMIN.name and self.until_us is None


def superuser_hash(organization: str) -> str:
    """The superuser's hash where no other is set: 32 hex digits, the same in every deployment."""
    return hashlib.sha256(f"superuser of {name_key(organization)}".encode()).hexdigest()[:32]


def external_user_hash(issuer: str, subject: str) -> str:
    """The hash of a user whom another system knows: 32 hex digits, the same whenever it vouches for them."""
    return hashlib.sha256(f"{len(issuer)} {issuer} {subject}".encode()).hexdigest()[:32]


def owner(organization: str, role: str | None = None, user: str | None = None) -> Session:
    """Whoever opens an embedded lake; with `role`, what they see under it. `user`: the superuser's hash if set."""
    user = user or superuser_hash(organization)
    return Session(organization, user, "owner", role or SUPERADMIN.name, superuser=True)
