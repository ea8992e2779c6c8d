"""Authentication: the credential of a request becomes a session before its handler runs."""

from __future__ import annotations

from litestar.enums import ScopeType
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from supertable.domain.access.sessions import Session
from supertable.domain.errors import AccessDenied, InvalidInput, NotSignedIn
from supertable.entrypoints.web.control_threads import in_control_thread
from supertable.entrypoints.web.security.credentials import (
    Connection,
    Credential,
    CredentialOf,
    bearer_credential,
)
from supertable.entrypoints.web.security.rate_limit import RateLimit
from supertable.entrypoints.web.service.dependencies import container_of, sign_ins_of

ORGANIZATION_HEADER = "X-Supertable-Organization"


class AuthenticationMiddleware(AbstractAuthenticationMiddleware):
    """Sets `request.user` to the caller's session. Raises `NotSignedIn`, and `AccessDenied` for a role not held.

    Counts requests against `rate_limit` by user; requests that cannot sign in are counted by client address.
    """

    def __init__(self, app: ASGIApp, rate_limit: RateLimit, credential_of: CredentialOf = bearer_credential) -> None:
        """`credential_of`: how the clients of the service sign in."""
        super().__init__(app)
        self._rate_limit = rate_limit
        self._credential_of = credential_of

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        try:
            session = await self._signed_in(connection)
        except (NotSignedIn, AccessDenied, InvalidInput):
            self._rate_limit.count(f"from {connection.client.host if connection.client else 'nowhere'}")
            raise
        self._rate_limit.count(f"by {session.organization.lower()}/{session.user}")
        return AuthenticationResult(user=session, auth=None)

    async def _signed_in(self, connection: Connection) -> Session:
        """The session of the caller, who may open a WebSocket by a ticket in place of a token."""
        ticket = connection.query_params.get("ticket") if connection.scope["type"] == ScopeType.WEBSOCKET else None
        if not isinstance(ticket, str):
            return await _session(connection, self._credential_of(connection))
        container = container_of(connection.scope)
        organization = container.settings().organization
        return await in_control_thread(container.tickets().redeem, ticket, connection.scope["path"], organization)


async def sign_in(connection: Connection, role: str | None) -> Session:
    """The session of the caller, a bearer, under `role`; None: the caller's default role."""
    return await _session(connection, Credential(bearer_credential(connection).text, role))


async def _session(connection: Connection, credential: Credential) -> Session:
    container = container_of(connection.scope)
    organization = connection.headers.get(ORGANIZATION_HEADER) or container.settings().organization
    return await sign_ins_of(connection.scope)(container.sign_in(), organization, credential.text, credential.role)
