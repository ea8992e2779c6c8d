"""What is known of a connection: the session of the user who signed in, or a trusted application, or nobody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from supertable.domain.access.sessions import Session


class Nobody(Enum):
    """`TRUSTED`: an application that proved `SUPERTABLE_MCP_AUTH_TOKEN`. `UNKNOWN`: a connection without a token."""

    TRUSTED = "trusted application"
    UNKNOWN = "unknown"


Who = Session | Nobody


@dataclass(frozen=True, slots=True)
class Connection:
    """`organization`: the one that the connection names; the settings' otherwise."""

    who: Who
    organization: str

    @property
    def identifier(self) -> str:
        """The same for connections of the same caller under the same role only."""
        if isinstance(self.who, Session):
            return f"{self.who.organization}/{self.who.user}/{self.who.role}/{self.who.token}"
        return f"{self.organization} {self.who.value}"
