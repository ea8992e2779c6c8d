"""A JWT for another service is worth nothing here: it must be issued for the server's own address."""

from __future__ import annotations

import time
from pathlib import Path

import jwt
import pytest

from tests.e2e.mcp.test_identity import post
from tests.support.mcp.clients import answer, calling, over_http
from tests.support.mcp.service import McpService

RESOURCE = "https://lake.example.com/mcp"
SECRET = "a secret that is shared with the issuer of the tokens"


def _token(audience: str) -> str:
    claims = {"iss": "https://login.example.com", "sub": "ann", "role": "clerk", "exp": int(time.time()) + 600}
    return jwt.encode({**claims, "aud": audience}, SECRET, algorithm="HS256")


@pytest.mark.usefixtures("token")
def test_a_jwt_must_be_issued_for_the_server(home: Path, tmp_path: Path) -> None:
    service = McpService(
        home,
        tmp_path / "service",
        SUPERTABLE_MCP_RESOURCE_URL=RESOURCE,
        SUPERTABLE_JWT_ISSUER="https://login.example.com",
        SUPERTABLE_JWT_AUDIENCE="https://api.example.com",
        SUPERTABLE_JWT_SECRET=SECRET,
    )
    try:
        assert answer(over_http(service.url, calling("whoami"), _token(RESOURCE)))["role"] == "clerk"
        refused = post(service, Authorization=f"Bearer {_token('https://api.example.com')}")
        assert refused.status_code == 401
        challenge = refused.headers["WWW-Authenticate"]
        assert "https://lake.example.com/.well-known/oauth-protected-resource/mcp" in challenge
        assert 'error="invalid_token"' in challenge
    finally:
        service.stop()
