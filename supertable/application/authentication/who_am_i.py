"""The authenticated caller and role."""

from __future__ import annotations

from dataclasses import dataclass

from supertable.application.tables.lookup import Tables
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import Session


@dataclass(frozen=True, slots=True)
class Identity:
    """`user`: the name, for display. `user_hash` never changes. `permissions`: those of the role at this moment.

    `attributes`: the values that row filters may use.
    """

    organization: str
    user: str
    user_hash: str
    role: str
    role_type: str
    permissions: list[str]
    attributes: dict[str, str]
    superuser: bool


class WhoAmI:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __call__(self, session: Session) -> Identity:
        """Raises `NotSignedIn` and `AccessDenied`."""
        now = self._tables.authorization(session)
        return Identity(
            organization=session.organization,
            user=session.name,
            user_hash=session.user,
            role=now.role.name,
            role_type=now.role.type,
            permissions=[permission for permission in Permission if now.role.may(permission)],
            attributes=dict(now.caller.attributes),
            superuser=session.superuser,
        )
