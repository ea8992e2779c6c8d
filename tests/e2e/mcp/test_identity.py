"""Who may call, and as whom. No combination of settings and arguments gives a caller more than their own rights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from mcp.client.client import Client

from supertable import Lake
from tests.support.api.http import fetch
from tests.support.mcp.clients import answer, calling, over_http, over_stdio, refusal
from tests.support.mcp.service import McpService

SHARED = "an-application-of-our-own"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


def user_hash(lake: Lake, name: str) -> str:
    return next(user.hash for user in lake.users.list() if user.name == name)


@pytest.fixture(scope="module")
def trusting(home: Path, lake: Lake, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[McpService]:
    """A service that takes an application's token, for Ann alone, and calls without a bearer token."""
    service = McpService(
        home,
        tmp_path_factory.mktemp("trusting"),
        SUPERTABLE_MCP_AUTH_TOKEN=SHARED,
        SUPERTABLE_ALLOWED_USER_HASHES=user_hash(lake, "ann"),
        SUPERTABLE_REQUIRE_TOKEN="0",
    )
    yield service
    service.stop()


def post(service: McpService, **headers: str) -> httpx.Response:
    return httpx.post(service.url, json=INITIALIZE, headers={**ACCEPT, **headers}, timeout=60)


def test_a_request_without_a_valid_token_is_told_where_to_get_one(service: McpService) -> None:
    for headers in ({}, {"Authorization": "Bearer st_wrong"}, {"Authorization": "Basic eDp5"}):
        refused = post(service, **headers)
        assert refused.status_code == 401
        challenge = refused.headers["WWW-Authenticate"]
        metadata = challenge.split('resource_metadata="')[1].split('"')[0]
        assert fetch(metadata).json()["resource"] == service.url
    root = fetch(f"{service.base}/.well-known/oauth-protected-resource").json()
    assert root["bearer_methods_supported"] == ["header"]


def test_pages_and_hosts_of_others_are_refused(service: McpService) -> None:
    token = "Bearer st_owner-of-the-service"
    assert post(service, Authorization=token, Origin="https://evil.example").status_code == 403
    assert post(service, Authorization=token, Host="evil.example").status_code == 421
    assert post(service, Authorization=token, Origin="http://localhost:8070").status_code == 200


def test_a_session_is_of_the_credential_that_opened_it(service: McpService, token: str) -> None:
    opened = post(service, Authorization="Bearer st_owner-of-the-service")
    session = {"Mcp-Session-Id": opened.headers["Mcp-Session-Id"], "Mcp-Protocol-Version": "2025-11-25"}
    assert post(service, Authorization=f"Bearer {token}", **session).status_code == 404


def test_a_role_sees_its_part_through_every_tool(service: McpService, token: str) -> None:
    async def talk(client: Client) -> str:
        seen = answer(await client.call_tool("query_sql", {"sql": "SELECT * FROM orders ORDER BY id"}))
        assert [row[0] for row in seen["rows"]] == [1, 2, 4]
        sampled = answer(await client.call_tool("sample_data", {"table": "orders"}))
        assert [column["name"] for column in sampled["columns"]] == ["id", "region", "amount"]
        stats = answer(await client.call_tool("get_table_stats", {"table": "orders"}))
        assert (stats["rows"], stats["columns"][0]["max"]) == (3, 4)
        changed = answer(await client.call_tool("diff_versions", {"table": "orders", "from_version": 1}))
        assert (changed["rows_inserted"], len(changed["changes"]["rows"])) == (3, 3)
        parts = [seen, sampled, stats, changed]
        for name, arguments in (
            *(("describe_table", {"table": "orders"}), ("list_versions", {"table": "orders"})),
            *(("list_tables", {}), ("list_supers", {}), ("get_super_meta", {}), ("whoami", {})),
        ):
            parts.append(answer(await client.call_tool(name, arguments)))
        refusals = [
            refusal(await client.call_tool(name, arguments))
            for name, arguments in (
                ("describe_table", {"table": "hidden_orders"}),
                ("describe_table", {"table": "hxdden_orders"}),
                ("query_sql", {"sql": "SELECT salary FROM orders"}),
                ("explain_query", {"sql": "SELECT id FROM orders"}),
            )
        ]
        assert refusals[0].replace("hidden_orders", "") == refusals[1].replace("hxdden_orders", "")
        return " ".join(map(str, [*parts, *(words.replace("salary", "", 1) for words in refusals[2:])]))

    everything = over_http(service.url, talk, token)
    for hidden in ("hidden", "salary", "99.99", str(2**60), "'US'"):
        assert hidden not in everything.replace("the column may be hidden", ""), hidden


def test_a_user_hash_gives_no_right(service: McpService, lake: Lake, token: str) -> None:
    ann = user_hash(lake, "ann")
    assert answer(over_http(service.url, calling("whoami", user_hash=ann), token))["user"] == "ann"
    for wrong, words in (("0" * 32, "not that of the user"), ("ANN", "hex digits")):
        assert words in refusal(over_http(service.url, calling("whoami", user_hash=wrong), token))
    assert "not that of the user" in refusal(over_http(service.url, calling("whoami", user_hash=ann)))


def test_an_application_acts_for_the_users_that_it_may_name_and_no_others(trusting: McpService, lake: Lake) -> None:
    ann, owner = user_hash(lake, "ann"), answer(over_http(trusting.url, calling("health"), SHARED))
    assert owner == {"status": "ok"}
    seen = answer(over_http(trusting.url, calling("query_sql", sql="FROM orders", user_hash=ann), SHARED))
    assert seen["row_count"] == 3
    assert "for whom it calls" in refusal(over_http(trusting.url, calling("whoami"), SHARED))
    superuser = lake.whoami().user_hash
    for other in (superuser, "0" * 32):
        assert "may not call for that user" in refusal(
            over_http(trusting.url, calling("whoami", user_hash=other), SHARED)
        )
    assert "may not use the MCP server" in refusal(over_http(trusting.url, calling("whoami")))


def test_a_call_may_bring_its_own_token(trusting: McpService, service: McpService, token: str) -> None:
    assert answer(over_http(trusting.url, calling("whoami", auth_token=token), None))["user"] == "ann"
    assert "not signed in" in refusal(over_http(trusting.url, calling("whoami"), None))
    assert "not valid" in refusal(over_http(trusting.url, calling("whoami", auth_token="st_x"), None))
    assert answer(over_http(service.url, calling("whoami", auth_token=token)))["user"] == "ann"


def test_no_secret_is_logged(trusting: McpService, token: str) -> None:
    over_http(trusting.url, calling("whoami", auth_token=token), SHARED)
    log = trusting.log()
    assert "whoami" in log
    for secret in (token, SHARED):
        assert secret not in log


def test_over_stdio_the_environment_names_the_caller(home: Path, token: str) -> None:
    assert answer(over_stdio(home, calling("whoami"), SUPERTABLE_TOKEN=token))["user"] == "ann"
    assert "not valid" in refusal(over_stdio(home, calling("whoami"), SUPERTABLE_TOKEN="st_wrong"))
