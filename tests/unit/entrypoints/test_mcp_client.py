"""The tester's client of an MCP server that is not there."""

from __future__ import annotations

import asyncio

import pytest

from supertable.config.settings.settings import Settings
from supertable.domain.errors import InvalidInput, Unavailable
from supertable.entrypoints.mcp_tester.mcp_client import McpServer, server_address
from supertable.entrypoints.web.security.page_sessions import PageSessions, new_session
from tests.servers.process import free_port


def test_a_server_that_is_not_there_is_unavailable() -> None:
    server = McpServer(f"http://127.0.0.1:{free_port()}/mcp", new_session("default", "st_token"))
    with pytest.raises(Unavailable):
        asyncio.run(server.offer())
    with pytest.raises(Unavailable):
        asyncio.run(server.exchange("tools/call", "whoami", {}))


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "http://127.0.0.1:8099/mcp"),
        ({"SUPERTABLE_MCP_HTTP_HOST": "0.0.0.0", "SUPERTABLE_MCP_HTTP_PORT": 1}, "http://127.0.0.1:1/mcp"),
        ({"SUPERTABLE_MCP_TESTER_URL": "https://lake.example.com/mcp"}, "https://lake.example.com/mcp"),
    ],
    ids=["default", "every address", "set"],
)
def test_the_address_is_the_setting_or_that_of_this_machine(settings: dict[str, object], address: str) -> None:
    assert server_address(Settings(**settings)) == address  # type: ignore[arg-type]


@pytest.mark.parametrize("secure", [True, False], ids=["secure", "plain"])
def test_cookies_are_secure_where_the_setting_says_so(secure: bool) -> None:
    assert PageSessions("s" * 32, secure).cookie(new_session()).secure is secure


def test_a_token_that_no_cookie_can_hold_is_refused() -> None:
    sessions = PageSessions("s" * 32, secure=False)
    assert len(sessions.cookie(new_session("default", "x" * 2_700)).value or "") <= 3_900
    with pytest.raises(InvalidInput, match="too long"):
        sessions.cookie(new_session("default", "x" * 3_000))
