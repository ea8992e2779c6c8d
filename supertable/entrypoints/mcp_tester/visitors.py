"""Who uses the tester: the session in the browser, signed in anew with each request."""

from __future__ import annotations

from litestar.types import Scope

from supertable.config.container import Container
from supertable.domain.access.sessions import Session
from supertable.domain.errors import AccessDenied, InvalidInput, NotSignedIn
from supertable.entrypoints.web.security.credentials import Connection
from supertable.entrypoints.web.security.csrf import CSRF_HEADER, require_own_page
from supertable.entrypoints.web.security.page_sessions import PageSession, PageSessions
from supertable.entrypoints.web.security.rate_limit import RateLimit
from supertable.entrypoints.web.security.trusted_proxies import client_address
from supertable.entrypoints.web.service.dependencies import sign_ins_of

_MOST_FAILURES = 20
"""Sign-ins that may fail, per minute and address; after that, the address alone waits."""


class Visitors:
    def __init__(self, container: Container, sessions: PageSessions) -> None:
        self.sessions = sessions
        self._container = container
        self._failures = RateLimit(_MOST_FAILURES)
        self._requests = RateLimit(container.settings().rate_limit)

    async def enter(self, connection: Connection, session: PageSession) -> Session:
        """The first sign-in of a session. Raises `NotSignedIn`, `AccessDenied`, `InvalidInput`, and 429 for an address
        from which too many failed."""
        address = client_address(connection, self._container.settings())
        self._failures.require_room(address)
        try:
            return await self._signed_in(connection, session)
        except (NotSignedIn, AccessDenied, InvalidInput):
            self._failures.count(address)
            raise

    async def caller(self, connection: Connection) -> tuple[PageSession, Session]:
        """Who sends a request. Raises `NotSignedIn` without a session, or once its token is no longer valid."""
        session = self.sessions.of(connection)
        if session is None:
            raise NotSignedIn("There is no session, or it has ended. Nothing was done; sign in again.")
        caller = await self._signed_in(connection, session)
        self._requests.count(f"by {caller.organization.lower()}/{caller.user}")
        return session, caller

    async def caller_of_own_page(self, connection: Connection) -> tuple[PageSession, Session]:
        """The same for requests of the page's scripts. Raises `AccessDenied` for those of other pages."""
        found = await self.caller(connection)
        require_own_page(connection, found[0], connection.headers.get(CSRF_HEADER))
        return found

    async def _signed_in(self, connection: Connection, session: PageSession) -> Session:
        scope: Scope = connection.scope
        sign_in = self._container.sign_in()
        caller = await sign_ins_of(scope)(sign_in, session.organization, session.token or "", session.role)
        scope["user"] = caller
        return caller
