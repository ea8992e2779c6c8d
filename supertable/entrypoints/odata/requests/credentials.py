"""What a client of OData signs in with: whatever its program can send.

The token, or a JWT, is the password of Basic authentication, a bearer token, the header `X-API-Key` or `api-key`, or
the option `apikey` of the address, in this order. The user name of Basic authentication means nothing: the token says
who it is.
"""

from __future__ import annotations

from supertable.domain.errors import NotSignedIn
from supertable.entrypoints.odata.requests.query_options import key_of, role_of
from supertable.entrypoints.web.security.credentials import (
    ROLE_HEADER,
    Connection,
    Credential,
    after_scheme,
    basic_password,
)

_HOW = (
    "No token was sent. Sign in with Basic authentication and the token as password, with `Authorization: Bearer …` or "
    "with the header `X-API-Key`."
)


def credential_of(connection: Connection) -> Credential:
    headers, query = connection.headers, connection.scope["query_string"].decode("latin-1")
    authorization = headers.get("Authorization", "")
    found = (
        basic_password(authorization)
        or after_scheme("bearer", authorization)
        or headers.get("X-API-Key")
        or headers.get("api-key")
        or key_of(query)
    )
    if not found:
        raise NotSignedIn(_HOW)
    return Credential(found, headers.get(ROLE_HEADER) or role_of(query))
