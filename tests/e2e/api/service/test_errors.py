"""What is wrong with a request is told as a problem document, and nothing else is."""

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


def problem(answer: httpx.Response, status: int, type_: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"/problems/{type_}"
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == answer.headers["X-Request-Id"]
    return document


def test_an_unknown_table(api: httpx.Client) -> None:
    told = problem(api.post(QUERY, json={"sql": "SELECT * FROM nothing"}), 404, "table-not-found")
    assert "'nothing'" in told["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sql": 1},
        {"sql": "SELECT 1", "parameters": "x"},
        {"sql": "SELECT 1", "max_rows": -1},
        {"sql": "SELECT 1", "timeout_seconds": 0},
        {"sql": "SELECT 1", "unknown": 1},
        {"sql": "SELECT 1", "engine": "lite"},
        {"sql": "SELECT 1", "engine": "SPARK"},
        {"sql": "SELECT 1", "supertable": "../x"},
        [],
        None,
    ],
)
def test_a_body_that_is_not_what_it_should_be(api: httpx.Client, body: Any) -> None:
    answer = api.post(QUERY, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"


NO_JSON = [b"", b"{", b'{"sql": "\xff\xfe"}', b"[" * 100_000, b"\x00", b'{"sql": "SELECT 1"} x', b'{"sql": "\\ud800"}']


@pytest.mark.parametrize("content", [*NO_JSON, b"NaN"])
def test_a_body_that_is_no_json(api: httpx.Client, content: bytes) -> None:
    answer = api.post(QUERY, content=content, headers={"Content-Type": "application/json"})
    problem(answer, 400, "invalid-input")


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT ?", "SELECT $x", "x" * 200_000, "\x00"])
def test_sql_that_cannot_run(api: httpx.Client, sql: str) -> None:
    problem(api.post(QUERY, json={"sql": sql}), 400, "invalid-statement")


@pytest.mark.parametrize("sql", ["SELECT * FROM read_csv('/etc/passwd')", "SELECT 1; SELECT 2", "", "DROP TABLE x"])
def test_sql_that_may_not_run(api: httpx.Client, sql: str) -> None:
    problem(api.post(QUERY, json={"sql": sql}), 400, "statement-refused")


def test_a_method_that_is_not_there(api: httpx.Client) -> None:
    answer = api.get(QUERY)
    problem(answer, 405, "method-not-allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_format_that_is_not_there(api: httpx.Client) -> None:
    problem(api.post(QUERY, json={"sql": "SELECT 1"}, headers={"Accept": "image/png"}), 406, "not-acceptable")


def test_a_body_of_another_kind(api: httpx.Client) -> None:
    problem(api.post(QUERY, data={"sql": "SELECT 1"}), 415, "unsupported-media-type")


def test_a_body_that_is_too_large(api: httpx.Client) -> None:
    problem(api.post(QUERY, json={"sql": "x" * 11_000_000}), 413, "content-too-large")


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic x", "Bearer wrong", "Bearer \xff", TOKEN])
def test_who_is_not_known_is_told_how_to_sign_in(server: ApiServer, authorization: str) -> None:
    headers = {b"Authorization": authorization.encode("latin-1")}
    with server.client(token=None) as nobody:
        answer = nobody.post(QUERY, json={"sql": "SELECT 1"}, headers=headers)
    problem(answer, 401, "not-signed-in")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_role_that_is_not_there(server: ApiServer) -> None:
    with server.client(role="nobody_has_this") as client:
        problem(client.post(QUERY, json={"sql": "SELECT 1"}), 403, "access-denied")
    with server.client() as client:
        problem(client.post(QUERY, json={"sql": "SELECT 1", "role": "nor_this"}), 403, "access-denied")


@pytest.mark.parametrize(
    ("error", "status", "type_"),
    [
        (StoreUnavailable("read", SECRET_KEY, "boom"), 503, "store-unavailable"),
        (ObjectDamaged(SECRET_KEY, "boom"), 500, "object-damaged"),
        (RuntimeError(f"boom in {SECRET_KEY}"), 500, "internal-error"),
    ],
)
def test_what_is_wrong_with_the_server_is_not_told_in_full(
    lake: Lake, server: ApiServer, error: Exception, status: int, type_: str
) -> None:
    class Failing:
        def prepare(self, *_: Any) -> None:
            raise error

    with lake.container.run_query.override(providers.Object(Failing())), server.client() as client:
        answer = client.post(QUERY, json={"sql": "SELECT 1"})
    told = problem(answer, status, type_)
    assert "secret" not in answer.text
    assert "boom" not in answer.text
    assert "safe" in told["detail"] or status == 500
    assert (answer.headers.get("Retry-After") == "1") == (status == 503)


def test_an_id_comes_back_if_it_is_one(api: httpx.Client) -> None:
    assert api.get("/healthz", headers={"X-Request-Id": "mine-1.x"}).headers["X-Request-Id"] == "mine-1.x"
    for bad in ("a b", "x" * 129, "<script>"):
        assert api.get("/healthz", headers={"X-Request-Id": bad}).headers["X-Request-Id"] != bad


def test_no_answer_may_be_kept_framed_or_guessed_at(api: httpx.Client) -> None:
    for answer in (api.get("/healthz"), api.get("/nothing"), api.post(QUERY, json={"sql": "SELECT 1"})):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def served(home: Any, monkeypatch: pytest.MonkeyPatch, **settings: str) -> tuple[Lake, ApiServer]:
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    lake = supertable.connect(home)
    return lake, ApiServer(lake.container)


def test_a_token_may_ask_only_so_often_and_a_wrong_one_locks_nobody_out(
    home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, server = served(home, monkeypatch, SUPERTABLE_RATE_LIMIT="3")
    if time.monotonic() % 60 > 50:
        time.sleep(11)  # not over the end of a minute
    with lake, server.client() as client, server.client(token="st_wrong") as wrong:
        refused = [wrong.post(QUERY, json={"sql": "SELECT 1"}).status_code for _ in range(5)]
        asked = [client.post(QUERY, json={"sql": "SELECT 1"}) for _ in range(4)]
        assert client.get("/healthz").status_code == 200
        server.stop()
    assert refused == [401, 401, 401, 429, 429]
    assert [answer.status_code for answer in asked] == [200, 200, 200, 429]
    problem(asked[-1], 429, "too-many-requests")
    assert 0 < int(asked[-1].headers["Retry-After"]) <= 60


def test_only_known_host_names_are_answered(home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, server = served(home, monkeypatch, SUPERTABLE_ALLOWED_HOSTS="127.0.0.1, *.example.com,[::1]")
    with lake, server.client() as client:
        for host in ("127.0.0.1", "api.EXAMPLE.com", "api.example.com:8051", "[::1]:8051"):
            assert client.get("/healthz", headers={"Host": host}).status_code == 200, host
        for host in ("example.org", "api.example.com.evil.org", ""):
            problem(client.get("/healthz", headers={"Host": host}), 421, "misdirected-request")
        server.stop()


def test_pages_of_other_origins_read_answers_only_where_that_is_set(
    api: httpx.Client, home: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "POST"}
    assert not [name for name in api.get("/healthz", headers=asking).headers if name.startswith("access-control")]
    lake, server = served(home, monkeypatch, SUPERTABLE_CORS_ORIGINS="https://app.example.com")
    with lake, server.client(token=None) as client:
        before = client.options(QUERY, headers={**asking, "Access-Control-Request-Headers": "authorization"})
        assert before.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
        other = client.get("/healthz", headers={"Origin": "https://evil.example.org"})
        assert "Access-Control-Allow-Origin" not in other.headers
        server.stop()
