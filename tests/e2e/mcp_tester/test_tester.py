"""The tester's page, and calls that it makes of a real MCP server."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import httpx
import pytest

from supertable.domain.errors import AccessDenied
from supertable.entrypoints.mcp_tester.mcp_client import McpServer
from supertable.entrypoints.web.security.page_sessions import new_session
from tests.e2e.mcp_tester.conftest import HOSTILE, ORDERS
from tests.support.api.service import ApiService
from tests.support.mcp.service import McpService
from tests.support.mcp.tester import Browser, Page

STATIC = files("supertable.entrypoints.mcp_tester") / "static"
SECONDS = 20
"""In which a call ends that waits for nobody."""


def test_the_page_runs_nothing_but_its_own_files(ann: Browser) -> None:
    for path in ("/", "/login"):
        answer = ann.http.get(path)
        policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert {policy[name] for name in ("script-src", "style-src", "connect-src", "form-action")} == {"'self'"}
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        page = Page(answer.text)
        for tag, attributes in page.tags:
            assert tag != "style"
            assert tag != "script" or attributes["src"].startswith("/static/")
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
        named = {attributes.get("src") or attributes.get("href", "") for _, attributes in page.tags}
        for address in {name.partition("#")[0] for name in named if name.startswith("/static/")}:
            file = ann.http.get(address)
            assert file.status_code == 200
            assert ann.http.get(address, headers={"If-None-Match": file.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("name", ["..%2fapp.py", "%2e%2e%2ftemplates%2flogin.html", "nothing.js", "", "."])
def test_no_other_file_is_served(tester: ApiService, name: str) -> None:
    with tester.client() as client:
        assert client.get(f"/static/{name}").status_code == 404


def test_no_script_makes_markup_of_text() -> None:
    scripts = [file for file in STATIC.iterdir() if file.name.endswith(".js")]
    assert len(scripts) > 5
    for script in scripts:
        assert not re.search(
            r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\b|\bFunction\(", script.read_text()
        )


def test_defaults_of_the_forms_are_escaped(ann: Browser) -> None:
    markup = ann.http.get("/").text
    assert "<script>alert" not in markup
    assert json.loads(Page(markup).body["data-defaults"]) == {"sql": f"SELECT {HOSTILE}"}


def test_tools_are_those_of_the_server(ann: Browser) -> None:
    offer = ann.tools().json()
    assert offer["protocol"] == "2026-07-28"
    tools = {tool["name"]: tool for tool in offer["tools"]}
    assert tools["query_sql"]["inputSchema"]["required"] == ["sql"]
    assert tools["query_sql"]["annotations"]["readOnlyHint"] is True


def _result(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()["response"]["result"]
    return result


def test_a_call_answers_what_the_role_sees(ann: Browser) -> None:
    answer = ann.call("query_sql", sql="SELECT * FROM orders ORDER BY id")
    assert answer.headers["Content-Type"] == "application/json", "so that no browser takes a value for markup"
    content = answer.json()["response"]["result"]["structuredContent"]
    assert [column["name"] for column in content["columns"]] == ["id", "region"]
    assert content["rows"] == [[row["id"], row["region"]] for row in ORDERS.to_pylist()]
    tables = ann.call("list_tables").json()["response"]["result"]["structuredContent"]["tables"]
    assert [table["comment"] for table in tables] == [HOSTILE]
    assert _result(ann.call("query_sql", sql="SELECT salary FROM orders"))["isError"] is True


def test_the_messages_are_shown_without_tokens(ann: Browser, token: str) -> None:
    answer = ann.call("whoami", auth_token=token)
    assert _result(answer)["structuredContent"]["role"] == "clerk"
    request = answer.json()["request"]
    assert (request["method"], request["params"]["name"]) == ("tools/call", "whoami")
    assert request["params"]["arguments"] == {"auth_token": "(hidden)"}
    assert answer.json()["headers"]["mcp-protocol-version"] == "2026-07-28"
    assert token not in answer.text


def test_prompts_and_resources_are_read(ann: Browser) -> None:
    offer = ann.tools().json()
    assert "explore_table" in [prompt["name"] for prompt in offer["prompts"]]
    assert [resource["name"] for resource in offer["resources"]] == ["main.orders"]
    assert len(offer["templates"]) == 1
    sent = {"X-CSRF-Token": ann.csrf}
    asked = {"method": "prompts/get", "name": "explore_table", "arguments": {"table": "orders"}}
    messages = _result(ann.http.post("/call", headers=sent, json=asked))["messages"]
    assert "orders" in messages[0]["content"]["text"]
    asked = {"method": "resources/read", "name": offer["resources"][0]["uri"]}
    (content,) = _result(ann.http.post("/call", headers=sent, json=asked))["contents"]
    assert [column["name"] for column in json.loads(content["text"])["columns"]] == ["id", "region"]
    wrong = ann.http.post("/call", headers=sent, json={"method": "resources/read", "name": "supertable://main/nothing"})
    assert "error" in wrong.json()["response"]
    assert ann.http.post("/call", headers=sent, json={"method": "tools/list", "name": "x"}).status_code == 400


def test_wrong_calls_are_answered(ann: Browser) -> None:
    assert _result(ann.call("no_such_tool"))["isError"] is True
    assert _result(ann.call("query_sql", sql="DROP TABLE orders"))["isError"] is True
    sent = {"X-CSRF-Token": ann.csrf}
    assert ann.http.post("/call", headers=sent, json={"name": 1}).status_code == 400
    assert ann.http.post("/call", headers=sent, json={"name": "whoami", "arguments": []}).status_code == 400
    assert ann.http.post("/call", headers=sent, content=b"{").status_code == 400
    assert ann.http.post("/call", headers=sent, data={"name": "whoami"}).status_code == 415


def test_a_token_that_the_server_alone_refuses_is_told(mcp: McpService) -> None:
    server = McpServer(mcp.url, new_session("default", "st_unknown"))
    with pytest.raises(AccessDenied, match="This token is not valid here"):
        asyncio.run(server.offer())
    with pytest.raises(AccessDenied, match="This token is not valid here"):
        asyncio.run(server.exchange("tools/call", "whoami", {}))


def test_leaving_stops_the_query_on_the_server(open_browser: Callable[..., Browser], ann: Browser, token: str) -> None:
    leaving = open_browser()
    leaving.sign_in(token)
    leaving.http.timeout = httpx.Timeout(1)
    with pytest.raises(httpx.ReadTimeout):
        leaving.call("query_sql", sql="SELECT count(*) FROM range(1000000000) a, range(1000000000) b")
    leaving.http.close()
    began = time.monotonic()
    assert _result(ann.call("sample_data", table="orders"))["isError"] is False, "the server runs one call at a time"
    assert time.monotonic() - began < SECONDS
