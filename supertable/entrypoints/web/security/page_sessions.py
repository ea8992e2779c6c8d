"""Sessions of people in a browser: one encrypted cookie, which every worker can read and nobody else.

The cookie holds the token that its owner signed in with. It is encrypted and signed, so that neither scripts, nor logs
that show cookies, nor the browser's own store reveal the token; and `HttpOnly`, so that no script takes it away. Its
token is checked with each request: revoking it ends the session at once.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from litestar.datastructures import Cookie

from supertable.config.settings.settings import Settings
from supertable.domain.errors import InvalidInput
from supertable.entrypoints.web.security.credentials import Connection

COOKIE = "st_session"
FORM_COOKIE = "st_sign_in"
"""Of the form before the sign-in. Whoever comes by a link of another site brings no `SameSite=Strict` cookie; the form
that they get must not end the session that they have."""
SESSION_SECONDS = 8 * 3600
"""Of a session, from its sign-in."""
_MOST_COOKIE_BYTES = 3_900
"""Browsers drop cookies with more than 4,096 bytes, of which name and attributes take some."""
_PADDING = "="
"""Of Base64. It would have to be quoted in a cookie."""


@dataclass(frozen=True, slots=True)
class PageSession:
    """`csrf`: what each form and call must bring. `token`: None: not signed in. `role`: None: the default role."""

    csrf: str = field(repr=False)
    organization: str = ""
    token: str | None = field(default=None, repr=False)
    role: str | None = None


def new_session(organization: str = "", token: str | None = None, role: str | None = None) -> PageSession:
    """A session with a CSRF token of its own, so that one from before the sign-in is worth nothing after it."""
    return PageSession(secrets.token_urlsafe(24), organization, token, role)


class PageSessions:
    """Makes and reads the cookies of sessions."""

    def __init__(self, secret: str, secure: bool) -> None:
        """`secure`: whether browsers send the cookie by HTTPS only."""
        key = HKDF(SHA256(), 32, salt=None, info=COOKIE.encode()).derive(secret.encode())
        self._cipher = Fernet(base64.urlsafe_b64encode(key))
        self._secure = secure

    def cookie(self, session: PageSession) -> Cookie:
        """Raises `InvalidInput` if the token is too long for a cookie."""
        fields = [session.csrf, session.organization, session.token, session.role]
        value = self._cipher.encrypt_at_time(json.dumps(fields).encode(), int(time.time())).decode().rstrip(_PADDING)
        if len(value) > _MOST_COOKIE_BYTES:
            raise InvalidInput(
                "The token is too long for a session in a browser. Nothing was done; use one with at most 2,700 "
                "characters, like a token of SuperTable."
            )
        return self._cookie(COOKIE if session.token else FORM_COOKIE, value, SESSION_SECONDS)

    def ended(self) -> Cookie:
        """The cookie that makes a browser forget its session."""
        return self._cookie(COOKIE, "", 0)

    def of(self, connection: Connection) -> PageSession | None:
        """The signed-in session of a request; None if it has none, or one that is forged, damaged or expired."""
        session = self._read(connection.cookies.get(COOKIE, ""))
        return session if session is not None and session.token else None

    def before_sign_in(self, connection: Connection) -> PageSession | None:
        """The session of the form that a request fills in; None likewise."""
        session = self._read(connection.cookies.get(FORM_COOKIE, ""))
        return session if session is not None and session.token is None else None

    def _read(self, value: str) -> PageSession | None:
        try:
            padded = value + _PADDING * (-len(value) % 4)
            fields = self._cipher.decrypt_at_time(padded, SESSION_SECONDS, int(time.time()))
        except InvalidToken:
            return None
        csrf, organization, token, role = json.loads(fields)
        return PageSession(csrf, organization, token, role)

    def _cookie(self, name: str, value: str, seconds: int) -> Cookie:
        return Cookie(name, value=value, max_age=seconds, httponly=True, samesite="strict", secure=self._secure)


def with_session_secret(settings: Settings) -> Settings:
    """The settings with a secret: that of the deployment, or a random one, which the workers of one service share."""
    if settings.session_secret is not None:
        return settings
    from pydantic import SecretStr

    return settings.model_copy(update={"session_secret": SecretStr(secrets.token_urlsafe(32))})
