"""Requests that change something come from our own pages: from our origin, and with the token of the session.

The cookie is `SameSite=Strict`, so a browser does not even send it along with requests of other sites. These checks
hold where a browser ignores that, and against pages of other ports of the same host, which are the same site.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from supertable.domain.errors import AccessDenied
from supertable.entrypoints.web.security.credentials import Connection
from supertable.entrypoints.web.security.page_sessions import PageSession

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"


def require_own_page(connection: Connection, session: PageSession | None, given: object) -> PageSession:
    """The session. `given`: the token of the form or the header. Raises `AccessDenied`."""
    _require_same_origin(connection)
    if session is None or not isinstance(given, str) or not hmac.compare_digest(session.csrf.encode(), given.encode()):
        raise AccessDenied("The page is from an earlier session. Nothing was done; load it again.")
    return session


def _require_same_origin(connection: Connection) -> None:
    site = connection.headers.get("Sec-Fetch-Site", "same-origin")
    origin = connection.headers.get("Origin")
    host = connection.headers.get("Host", "")
    if site not in {"same-origin", "none"} or (origin is not None and urlsplit(origin).netloc != host):
        raise AccessDenied("A page of another origin sent this request. Nothing was done.")
