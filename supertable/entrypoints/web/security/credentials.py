"""What a request signs in with: the token or JWT, and the role that it asks for."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from litestar.connection import ASGIConnection

from supertable.domain.errors import NotSignedIn

ROLE_HEADER = "X-Supertable-Role"
Connection = ASGIConnection[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Credential:
    """`role`: None: the caller's default role."""

    text: str = field(repr=False)
    role: str | None = None


CredentialOf = Callable[[Connection], Credential]
"""Finds the credential of a request. Raises `NotSignedIn` where there is none."""


def bearer_credential(connection: Connection) -> Credential:
    token = after_scheme("bearer", connection.headers.get("Authorization", ""))
    if token is None:
        raise NotSignedIn("No token was sent. Send one in the header `Authorization: Bearer …`.")
    return Credential(token, connection.headers.get(ROLE_HEADER) or None)


def after_scheme(scheme: str, authorization: str) -> str | None:
    """What follows the scheme in `Authorization`; None for another scheme, or if nothing follows."""
    given, _, rest = authorization.strip().partition(" ")
    return rest.strip() or None if given.lower() == scheme else None


def basic_password(authorization: str) -> str | None:
    """The password of Basic authentication (RFC 7617); None where there is none."""
    encoded = after_scheme("basic", authorization)
    try:
        pair = base64.b64decode(encoded or "", validate=True).decode()
    except (ValueError, binascii.Error):
        return None
    return pair.partition(":")[2] or None
