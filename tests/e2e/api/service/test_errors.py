"""Errors are reported as problem documents, without internal details."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest
from dependency_injector import providers

import supertable
from supertable import Lake
from supertable.domain.errors import ObjectDamaged, StoreUnavailable
from tests.support.api.server import TOKEN, ApiServer

QUERY = "/api/v1/query"
SECRET_KEY = "default/main/tables/secret/data/1.parquet"


def assert_problem(answer: httpx.Response, status: int, type_: str) -> dict[str, Any]:
    """Assert that the response is a problem document of this status and type, and return it."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"/problems/{type_}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == answer.headers["X-Request-Id"]
    return document


def test_an_unknown_table_is_not_found(api: httpx.Client) -> None:
    document = assert_problem(api.post(QUERY, json={"sql": "SELECT * FROM nothing"}), 404, "table-not-found")
    assert "'nothing'" in document["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sql": 1},
        {"sql": "SELECT 1", "parameters": "x"},
        {"sql": "SELECT 1", "max_rows": -1},
        {"sql": "SELECT 1", "timeout_seconds": 0},
        {"sql": "SELECT 1", "unknown": 1},
        {"sql": "SELECT 1", "engine": "duckdb"},
        {"sql": "SELECT 1", "engine": "SPARK"},
        {"sql": "SELECT 1", "supertable": "../x"},
        [],
        None,
    ],
)
def test_a_body_that_does_not_match_its_schema_is_refused(api: httpx.Client, body: Any) -> None:
    answer = api.post(QUERY, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


INVALID_JSON = [
    b"",
    b"{",
    b'{"sql": "\xff\xfe"}',
    b"[" * 100_000,
    b"\x00",
    b'{"sql": "SELECT 1"} x',
    b'{"sql": "\\ud800"}',
]


@pytest.mark.parametrize("content", [*INVALID_JSON, b"NaN"])
def test_invalid_json_is_refused(api: httpx.Client, content: bytes) -> None:
    answer = api.post(QUERY, content=content, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "invalid-input")


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT ?", "SELECT $x", "x" * 200_000, "\x00", ""])
def test_invalid_sql_is_refused(api: httpx.Client, sql: str) -> None:
    assert_problem(api.post(QUERY, json={"sql": sql}), 400, "invalid-statement")


@pytest.mark.parametrize("sql", ["SELECT * FROM read_csv('/etc/passwd')", "SELECT 1; SELECT 2", "COPY x TO 'y'"])
def test_forbidden_sql_is_refused(api: httpx.Client, sql: str) -> None:
    assert_problem(api.post(QUERY, json={"sql": sql}), 400, "statement-refused")


def test_an_unsupported_method_is_refused(api: httpx.Client) -> None:
    answer = api.get(QUERY)
    assert_problem(answer, 405, "method-not-allowed")
    assert "POST" in answer.headers["Allow"]


def test_an_unsupported_accept_header_is_refused(api: httpx.Client) -> None:
    assert_problem(api.post(QUERY, json={"sql": "SELECT 1"}, headers={"Accept": "image/png"}), 406, "not-acceptable")


def test_an_unsupported_content_type_is_refused(api: httpx.Client) -> None:
    assert_problem(api.post(QUERY, data={"sql": "SELECT 1"}), 415, "unsupported-media-type")


def test_a_body_that_is_too_large_is_refused(api: httpx.Client) -> None:
    assert_problem(api.post(QUERY, json={"sql": "x" * 11_000_000}), 413, "content-too-large")


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic x", "Bearer wrong", "Bearer \xff", TOKEN])
def test_unauthenticated_requests_get_a_challenge(server: ApiServer, authorization: str) -> None:
    headers = {b"Authorization": authorization.encode("latin-1")}
    with server.client(token=None) as anonymous:
        answer = anonymous.post(QUERY, json={"sql": "SELECT 1"}, headers=headers)
    assert_problem(answer, 401, "not-signed-in")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_unknown_role_is_refused(server: ApiServer) -> None:
    with server.client(role="nobody_has_this") as client:
        assert_problem(client.post(QUERY, json={"sql": "SELECT 1"}), 403, "access-denied")
    with server.client() as client:
        assert_problem(client.post(QUERY, json={"sql": "SELECT 1", "role": "nor_this"}), 403, "access-denied")


@pytest.mark.parametrize(
    ("error", "status", "type_"),
    [
        (StoreUnavailable("read", SECRET_KEY, "boom"), 503, "store-unavailable"),
        (ObjectDamaged(SECRET_KEY, "boom"), 500, "object-damaged"),
        (RuntimeError(f"boom in {SECRET_KEY}"), 500, "internal-error"),
    ],
)
def test_server_errors_hide_internal_details(
    lake: Lake, server: ApiServer, error: Exception, status: int, type_: str
) -> None:
    class Failing:
        def prepare(self, *_: Any) -> None:
            raise error

    with lake._container.run_query.override(providers.Object(Failing())), server.client() as client:
        answer = client.post(QUERY, json={"sql": "SELECT 1"})
    document = assert_problem(answer, status, type_)
    assert "secret" not in answer.text
    assert "boom" not in answer.text
    assert "safe" in document["detail"] or status == 500
    assert (answer.headers.get("Retry-After") == "1") == (status == 503)


def test_a_valid_request_id_is_returned(api: httpx.Client) -> None:
    assert api.get("/healthz", headers={"X-Request-Id": "mine-1.x"}).headers["X-Request-Id"] == "mine-1.x"
    for bad in ("a b", "x" * 129, "<script>"):
        assert api.get("/healthz", headers={"X-Request-Id": bad}).headers["X-Request-Id"] != bad


def test_every_response_has_security_headers(api: httpx.Client) -> None:
    for answer in (api.get("/healthz"), api.get("/nothing"), api.post(QUERY, json={"sql": "SELECT 1"})):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def start_server(home: Any, monkeypatch: pytest.MonkeyPatch, **settings: str) -> tuple[Lake, ApiServer]:
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    lake = supertable.connect(home)
    return lake, ApiServer(lake._container)


def test_the_rate_limit_is_per_user_and_wrong_tokens_lock_nobody_out(
    home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, server = start_server(home, monkeypatch, SUPERTABLE_RATE_LIMIT="3")
    if time.monotonic() % 60 > 50:
        time.sleep(11)  # so that the window does not end during the test
    with lake, server.client() as client, server.client(token="st_wrong") as wrong:
        refused = [wrong.post(QUERY, json={"sql": "SELECT 1"}).status_code for _ in range(5)]
        accepted = [client.post(QUERY, json={"sql": "SELECT 1"}) for _ in range(4)]
        assert client.get("/healthz").status_code == 200
        server.stop()
    assert refused == [401, 401, 401, 429, 429]
    assert [answer.status_code for answer in accepted] == [200, 200, 200, 429]
    assert_problem(accepted[-1], 429, "too-many-requests")
    assert 0 < int(accepted[-1].headers["Retry-After"]) <= 60


def test_all_tokens_and_roles_of_a_user_share_one_rate_limit(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before, each token had a limit of its own, and refused roles were not counted."""
    lake, server = start_server(home, monkeypatch, SUPERTABLE_RATE_LIMIT="3")
    if time.monotonic() % 60 > 50:
        time.sleep(11)  # so that the window does not end during the test
    for role in ("one", "two"):
        lake.roles.create(role, "reader")
    for user in ("ann", "bob"):
        lake.users.create(user, ["one", "two"])
    tokens = [lake.tokens.create(f"number {number}", "ann").secret for number in range(4)]
    with lake:
        statuses = [_ask(server, token, "one" if number % 2 else "two") for number, token in enumerate(tokens)]
        others = _ask(server, lake.tokens.create("his", "bob").secret, "one")
        refused = [_ask(server, tokens[0], "three") for _ in range(5)]
        server.stop()
    assert statuses == [200, 200, 200, 429]
    assert others == 200
    assert refused == [403, 403, 403, 429, 429]


def _ask(server: ApiServer, token: str, role: str) -> int:
    with server.client(token=token) as client:
        return client.get("/api/v1/whoami", headers={"X-Supertable-Role": role}).status_code


def test_only_allowed_hosts_are_answered(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, server = start_server(home, monkeypatch, SUPERTABLE_ALLOWED_HOSTS="127.0.0.1, *.example.com,[::1]")
    with lake, server.client() as client:
        for host in ("127.0.0.1", "api.EXAMPLE.com", "api.example.com:8051", "[::1]:8051"):
            assert client.get("/healthz", headers={"Host": host}).status_code == 200, host
        for host in ("example.org", "api.example.com.evil.org", ""):
            assert_problem(client.get("/healthz", headers={"Host": host}), 421, "misdirected-request")
        server.stop()


def test_other_origins_read_responses_only_if_allowed(
    api: httpx.Client, home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    assert not [name for name in api.get("/healthz", headers=asking).headers if name.startswith("access-control")]
    lake, server = start_server(home, monkeypatch, SUPERTABLE_CORS_ORIGINS="https://app.example.com")
    with lake, server.client(token=None) as client:
        before = client.options(QUERY, headers={**asking, "Access-Control-Request-Headers": "authorization"})
        assert before.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
        other = client.get("/healthz", headers={"Origin": "https://evil.example.org"})
        assert "Access-Control-Allow-Origin" not in other.headers
        server.stop()
