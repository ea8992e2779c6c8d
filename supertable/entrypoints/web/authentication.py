"""Who asks: the bearer token of a request becomes a session, before its handler is reached."""

from __future__ import annotations

from typing import Any

from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from supertable.domain.access.sessions import Session
from supertable.domain.errors import NotSignedIn
from supertable.entrypoints.web.dependencies import container_of, rate_limit_of

ROLE = "X-Supertable-Role"
ORGANIZATION = "X-Supertable-Organization"
_SCHEME = "bearer "
Connection = ASGIConnection[Any, Any, Any, Any]


class AuthenticationMiddleware(AbstractAuthenticationMiddleware):
    """Makes `request.user` the session. Raises `NotSignedIn`; and `AccessDenied` for a role that the caller lacks.

    Counts what each token asks for; and, of those who have none, each address.
    """

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        limit = rate_limit_of(connection.scope)
        try:
            session = await signed_in(connection, connection.headers.get(ROLE) or None)
        except NotSignedIn:
            limit.take(f"from {connection.client.host if connection.client else 'nowhere'}")
            raise
        limit.take(session.token or session.user)
        return AuthenticationResult(user=session, auth=None)


async def signed_in(connection: Connection, role: str | None) -> Session:
    """The session of whoever sent the request, under `role` or their default one."""
    container = container_of(connection.scope)
    organization = connection.headers.get(ORGANIZATION) or container.settings().organization
    credential = _credential(connection.headers.get("Authorization", ""))
    return await sync_to_thread(container.sign_in(), organization, credential, role)


def _credential(authorization: str) -> str:
    if not authorization.lower().startswith(_SCHEME) or not authorization[len(_SCHEME) :].strip():
        raise NotSignedIn("Nobody is signed in: send a token, as the header `Authorization: Bearer …`.")
    return authorization[len(_SCHEME) :].strip()
