"""Who acts in a call: from what the connection proved, and what the call says.

1. `auth_token` signs its owner in, for this call. Without it, whoever the connection signed in acts.
2. `user_hash` gives no right. It must be the hash of the user who acts, so that a mix-up is noticed.
3. Only for `SUPERTABLE_MCP_AUTH_TOKEN`, the token of a trusted application, does `user_hash` choose the user: a stored,
   enabled user whose hash `SUPERTABLE_ALLOWED_USER_HASHES` lists. A superuser never is one.
4. If that list is not empty, nobody else acts at all.
"""

from __future__ import annotations

import hmac
import re

from supertable.config.container import Container
from supertable.config.settings.service import listed
from supertable.config.settings.settings import Settings
from supertable.domain.access.accounts import token_digest
from supertable.domain.access.sessions import Session
from supertable.domain.errors import AccessDenied, InvalidInput, NotSignedIn
from supertable.domain.names import name_key
from supertable.entrypoints.mcp.identity.connections import Connection, Nobody, Who

_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
_NO_TOKEN = (
    "This connection is not signed in. Send a token in the header `Authorization: Bearer …`, or as `auth_token`. "  # noqa: S105
    "Nothing was run."
)


class Callers:
    def __init__(self, container: Container) -> None:
        self._container = container
        self._settings: Settings = container.settings()
        self._allowed = frozenset(listed(self._settings.allowed_user_hashes))

    def signed_in(self, organization: str, credential: str, role: str | None = None) -> Who:
        """Who a credential stands for. Raises `NotSignedIn` and `AccessDenied`."""
        shared = self._settings.mcp_auth_token
        if shared is not None and hmac.compare_digest(
            token_digest(credential), token_digest(shared.get_secret_value())
        ):
            return Nobody.TRUSTED
        session: Session = self._container.sign_in()(organization, credential, role)
        return session

    def caller(
        self, connection: Connection, organization: str | None, auth_token: str | None, user_hash: str | None
    ) -> Session:
        """The session of one call. Raises `NotSignedIn`, `AccessDenied` and `InvalidInput`."""
        if user_hash is not None and not _HASH.fullmatch(user_hash):
            raise InvalidInput("`user_hash` must be 32 or 64 hex digits in lower case. Nothing was run.")
        who = connection.who
        if auth_token is not None:
            who = self.signed_in(organization or connection.organization, auth_token)
        if who is Nobody.UNKNOWN:
            raise NotSignedIn(_NO_TOKEN)
        if isinstance(who, Session):
            session = self._own(who, user_hash)
        else:
            session = self._vouched_for(organization or connection.organization, user_hash)
        if organization is not None and name_key(organization) != name_key(session.organization):
            raise AccessDenied("You are signed in to another organization than the call names. Leave it out.")
        return session

    def _own(self, session: Session, user_hash: str | None) -> Session:
        if user_hash is not None and user_hash != session.user:
            raise AccessDenied("`user_hash` is not that of the user who is signed in. Leave it out, or call whoami.")
        if self._allowed and session.user not in self._allowed:
            raise AccessDenied("This user may not use the MCP server (SUPERTABLE_ALLOWED_USER_HASHES).")
        return session

    def _vouched_for(self, organization: str, user_hash: str | None) -> Session:
        if user_hash is None and not self._settings.require_explicit_user_hash and len(self._allowed) == 1:
            (user_hash,) = self._allowed
        if user_hash is None:
            raise NotSignedIn("This token is an application's. Say by `user_hash` for whom it calls. Nothing was run.")
        if user_hash not in self._allowed:
            raise AccessDenied("This application may not call for that user (SUPERTABLE_ALLOWED_USER_HASHES).")
        session: Session = self._container.sign_in().for_user(organization, user_hash)
        return session
