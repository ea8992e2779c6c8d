"""`/api/v1/queries`: background queries, visible only to the user who submitted them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from dependency_injector import providers

from supertable import Lake
from supertable.adapters.clocks.system import SystemClock
from tests.support.api.actors import create_token, problem_type_of
from tests.support.api.http import open_client
from tests.support.api.jobs import ENDLESS, JOBS, QUERIES, submit_query, wait_for_state, wait_until_ended
from tests.support.api.server import ApiServer

ROWS = 300_000
NUMBERS = pa.table({"id": list(range(ROWS)), "half": [i // 2 for i in range(ROWS)]})
ALL = "SELECT * FROM numbers ORDER BY id"
ARROW = {"Accept": "application/vnd.apache.arrow.stream"}


@pytest.fixture
def numbers(lake: Lake) -> Lake:
    """A table `numbers` of `ROWS` rows at version 2."""
    lake.create_table_from("numbers", NUMBERS)
    return lake


@pytest.fixture
def reader(numbers: Lake, server: ApiServer) -> Iterator[httpx.Client]:
    """A client with the token of a reader of `numbers`, the user `someone`."""
    numbers.roles.create("readers", "reader", ["numbers"])
    with server.client(create_token(numbers, "someone", "readers", region="EU")) as client:
        yield client


def test_a_query_runs_in_the_background_and_reports_its_progress(numbers: Lake, api: httpx.Client) -> None:
    address = submit_query(api, ALL)
    numbers.write("numbers", pa.table({"id": [-1], "half": [-1]}))  # after the query was bound to its versions
    found = wait_until_ended(api, address)
    assert found["state"] == "succeeded"
    assert found["sql"] == ALL
    assert found["versions"] == {"numbers": [2]}
    assert found["rows"] == found["progress"]["done"] == ROWS
    assert found["progress"]["what"] == "rows"
    assert 0 < found["bytes"] < NUMBERS.nbytes
    assert found["error"] is None
    assert found["submitted_at"] <= found["started_at"] <= found["ended_at"] < found["expires_at"]
    rows = pa.ipc.open_stream(api.get(f"{address}/results", headers=ARROW).content).read_all()
    assert rows == NUMBERS


def test_every_format_has_the_rows_of_the_page(numbers: Lake, api: httpx.Client) -> None:
    address = submit_query(api, "SELECT id, half::DECIMAL(9, 2) AS half FROM numbers ORDER BY id")
    wait_until_ended(api, address)

    def page(media_type: str) -> httpx.Response:
        answer = api.get(f"{address}/results?limit=3", headers={"Accept": media_type})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == media_type
        assert json.loads(answer.headers["X-Supertable-Versions"]) == {"numbers": [2]}
        return answer

    assert page("application/json").json()["items"] == [
        {"id": 0, "half": 0.0},
        {"id": 1, "half": 0.0},
        {"id": 2, "half": 1.0},
    ]
    columns = [{"name": "id", "type": "int64"}, {"name": "half", "type": "decimal(9,2)"}]
    assert page("application/json").json()["columns"] == columns
    assert page("application/x-ndjson").text.splitlines()[2] == '{"id":2,"half":1.00}'
    assert pa.csv.read_csv(io.BytesIO(page("text/csv").content))["id"].to_pylist() == [0, 1, 2]
    parquet = pq.read_table(io.BytesIO(page("application/vnd.apache.parquet").content))
    arrow = pa.ipc.open_stream(page("application/vnd.apache.arrow.stream").content).read_all()
    assert arrow.equals(parquet)
    assert arrow.num_rows == 3
    assert api.get(f"{address}/results", headers={"Accept": "image/png"}).status_code == 406


def test_pages_follow_one_another_without_gap_or_overlap(numbers: Lake, api: httpx.Client) -> None:
    address = submit_query(api, ALL)
    wait_until_ended(api, address)
    ids: list[int] = []
    cursor: str | None = None
    pages = 0
    while pages == 0 or cursor:
        given: dict[str, Any] = {"limit": 70_000, **({"cursor": cursor} if cursor else {})}
        answer = api.get(f"{address}/results", params=given, headers=ARROW)
        ids += pa.ipc.open_stream(answer.content).read_all()["id"].to_pylist()
        cursor = answer.headers.get("X-Supertable-Next-Cursor")
        pages += 1
    assert pages == 5  # some of them span two stored chunks
    assert ids == list(range(ROWS))


def test_json_pages_carry_their_cursor(numbers: Lake, api: httpx.Client) -> None:
    address = submit_query(api, "SELECT id FROM numbers WHERE id < 5 ORDER BY id")
    wait_until_ended(api, address)
    first = api.get(f"{address}/results?limit=3").json()
    rest = api.get(f"{address}/results", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [row["id"] for row in first["items"] + rest["items"]] == [0, 1, 2, 3, 4]
    assert rest["next_cursor"] is None


def test_an_empty_result_is_stored(numbers: Lake, api: httpx.Client) -> None:
    address = submit_query(api, "SELECT id FROM numbers WHERE id < 0")
    assert wait_until_ended(api, address)["rows"] == 0
    answer = api.get(f"{address}/results").json()
    assert answer == {
        "columns": [{"name": "id", "type": "int64"}],
        "engine": "lite",
        "engine_reason": "The query reads 0 bytes: up to 104.9 MB are for LITE.",
        "next_cursor": None,
        "items": [],
    }


def test_wide_rows_are_stored_in_chunks_of_bounded_size(lake: Lake, home: Path, api: httpx.Client) -> None:
    address = submit_query(api, "SELECT md5(i::VARCHAR) || repeat('x', 2000) AS wide FROM range(30000) t(i)")
    assert wait_until_ended(api, address)["rows"] == 30_000
    chunks = sorted(home.rglob("*.arrow"))
    assert len(chunks) > 5  # of about 60 MB
    answer = pa.ipc.open_stream(api.get(f"{address}/results", headers=ARROW).content).read_all()
    assert answer.num_rows == 30_000


INVALID_QUERIES: list[tuple[Any, int, str]] = [
    ({"sql": "SELEC 1"}, 400, "invalid-statement"),
    ({"sql": "SELECT * FROM nothing"}, 404, "table-not-found"),
    ({"sql": "SELECT * FROM read_csv('/etc/passwd')"}, 400, "statement-refused"),
    ({"sql": "SELECT 1", "engine": "SPARK"}, 400, "engine-unavailable"),
    ({"sql": "SELECT 1", "engine": "duckdb"}, 400, "invalid-input"),
    ({"sql": "SELECT 1", "supertable": "a/b"}, 400, "invalid-name"),
    ({"sql": "SELECT 1", "max_rows": -1}, 400, "invalid-input"),
    ({"sql": "SELECT 1", "nonsense": 1}, 400, "invalid-input"),
    ({"statement": "SELECT 1"}, 400, "invalid-input"),
    ([], 400, "invalid-input"),
]


def test_invalid_queries_are_refused_before_a_job_is_created(numbers: Lake, api: httpx.Client) -> None:
    for body, status, kind in INVALID_QUERIES:
        answer = api.post(QUERIES, json=body)
        assert (answer.status_code, problem_type_of(answer)) == (status, kind), body
    assert api.get(JOBS).json()["items"] == []


def test_parameters_are_bound(numbers: Lake, api: httpx.Client) -> None:
    address = submit_query(api, "SELECT id FROM numbers WHERE id = $n", parameters={"n": 7})
    wait_until_ended(api, address)
    assert api.get(f"{address}/results").json()["items"] == [{"id": 7}]


def test_a_failed_query_reports_its_error_and_has_no_result(numbers: Lake, api: httpx.Client, home: Path) -> None:
    address = submit_query(api, "SELECT (id::VARCHAR || 'x')::INTEGER FROM numbers")
    found = wait_until_ended(api, address)
    assert found["state"] == "failed"
    assert found["error"]["type"] == "/problems/query-failed"
    assert found["error"]["status"] == 422
    assert "Could not convert" in found["error"]["detail"]
    answer = api.get(f"{address}/results")
    assert (answer.status_code, problem_type_of(answer)) == (409, "job-not-over")
    assert list(home.rglob("*.arrow")) == []


def test_row_and_time_limits_are_enforced(numbers: Lake, api: httpx.Client, home: Path) -> None:
    too_many = wait_until_ended(api, submit_query(api, ALL, max_rows=200_000))
    assert too_many["error"]["type"] == "/problems/result-too-large"
    too_long = wait_until_ended(api, submit_query(api, ENDLESS, timeout_seconds=0.2))
    assert too_long["error"]["type"] == "/problems/query-timeout"
    assert list(home.rglob("*.arrow")) == []


def test_a_result_over_the_storage_limit_is_not_stored(
    home: Path, monkeypatch: pytest.MonkeyPatch, request: Any
) -> None:
    monkeypatch.setenv("SUPERTABLE_JOB_RESULT_BYTES", "1000000")
    api: httpx.Client = request.getfixturevalue("api")
    found = wait_until_ended(api, submit_query(api, "SELECT md5(i::VARCHAR) FROM range(500000) t(i)"))
    assert found["state"] == "failed"
    assert found["error"]["type"] == "/problems/stored-result-too-large"
    assert "1,000,000 bytes" in found["error"]["detail"]
    assert list(home.rglob("*.arrow")) == []


def test_a_running_query_is_cancelled_and_later_removed(numbers: Lake, api: httpx.Client) -> None:
    address = submit_query(api, ENDLESS)
    wait_for_state(api, address, {"running"})
    early = api.get(f"{address}/results")
    assert (early.status_code, problem_type_of(early)) == (409, "job-not-over")
    assert api.delete(address).status_code == 202
    assert wait_until_ended(api, address, 5)["state"] == "cancelled"
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    assert api.delete(address).status_code == 404


def test_a_result_is_removed_with_its_query(numbers: Lake, api: httpx.Client, home: Path) -> None:
    address = submit_query(api, ALL)
    wait_until_ended(api, address)
    assert list(home.rglob("*.arrow"))
    assert api.delete(address).status_code == 204
    assert api.get(f"{address}/results").status_code == 404
    assert [path for path in (home / "storage" / "default" / "-").rglob("*") if path.is_file()] == []


def test_an_unknown_query_is_not_found(api: httpx.Client) -> None:
    names = ["0" * 32, "x", "..", "%2e%2e", "A" * 32, "0" * 31 + "%2f", "0" * 31 + "'", "0" * 5000, "é" * 32]
    for name in names:
        for rest in ("", "/results"):
            answer = api.get(f"{QUERIES}/{name}{rest}")
            assert answer.status_code in (404, 405), name
            assert problem_type_of(answer) in {"not-found", "method-not-allowed"}


def test_invalid_limits_and_cursors_are_refused(numbers: Lake, api: httpx.Client) -> None:
    address = submit_query(api, ALL)
    wait_until_ended(api, address)
    for given in ("limit=0", "limit=-1", "limit=x", "limit=", "cursor=", "cursor=x", "cursor=" + "A" * 3000):
        assert api.get(f"{address}/results?{given}").status_code == 400, given


def test_a_cursor_is_valid_only_for_its_query(numbers: Lake, api: httpx.Client) -> None:
    one, other = submit_query(api, ALL), submit_query(api, ALL)
    wait_until_ended(api, one), wait_until_ended(api, other)
    cursor = api.get(f"{one}/results?limit=1").json()["next_cursor"]
    assert problem_type_of(api.get(f"{other}/results", params={"cursor": cursor})) == "invalid-input"


def test_other_users_and_roles_cannot_see_a_query(
    numbers: Lake, server: ApiServer, reader: httpx.Client, api: httpx.Client
) -> None:
    numbers.roles.create("others", "reader", ["numbers"])
    numbers.roles.create("boss", "admin")
    numbers.users.alter("someone", roles=["readers", "others"])
    address = submit_query(reader, ALL)
    wait_until_ended(reader, address)
    other_role = open_client(server.url, headers={**reader.headers, "X-Supertable-Role": "others"})
    colleague = server.client(create_token(numbers, "colleague", "readers"))
    boss = server.client(create_token(numbers, "boss", "boss"))
    unknown = f"{QUERIES}/{'0' * 32}"
    for client in (other_role, colleague, boss, api):
        for method, rest in (("GET", ""), ("GET", "/results"), ("DELETE", "")):
            existing, missing = (client.request(method, one + rest) for one in (address, unknown))
            assert existing.status_code == missing.status_code == 404
            assert existing.json()["detail"] == missing.json()["detail"]
        client.close() if client is not api else None
    assert reader.get(f"{address}/results?limit=1").json()["items"] == [{"id": 0, "half": 0}]


def test_another_token_of_the_same_user_may_read(numbers: Lake, server: ApiServer, reader: httpx.Client) -> None:
    address = submit_query(reader, "SELECT count(*) AS n FROM numbers")
    wait_until_ended(reader, address)
    with server.client(numbers.tokens.create("another", "someone").secret) as again:
        assert again.get(f"{address}/results").json()["items"] == [{"n": ROWS}]


CHANGES: dict[str, tuple[Callable[[Lake], Any], int]] = {
    "a column is hidden": (lambda lake: lake.roles.grant("readers", "numbers", columns=["id"]), 403),
    "the grant is revoked": (lambda lake: lake.roles.revoke("readers", "numbers"), 403),
    "the role may only see names": (lambda lake: lake.roles.alter("readers", type="meta"), 403),
    "the role is dropped": (lambda lake: lake.roles.drop("readers", force=True), 403),
    "the role is taken away": (lambda lake: lake.users.alter("someone", roles=[]), 403),
    "an attribute changes": (lambda lake: lake.users.alter("someone", attributes={"region": "US"}), 403),
    "the table has another name": (lambda lake: lake.rename("numbers", "secrets"), 403),
    "the user is disabled": (lambda lake: lake.users.alter("someone", enabled=False), 401),
    "the user is dropped": (lambda lake: lake.users.drop("someone"), 401),
    "the token is revoked": (lambda lake: lake.tokens.revoke(lake.tokens.list("someone")[0].id), 401),
}


@pytest.mark.parametrize("change", CHANGES)
def test_results_are_refused_after_rights_change(numbers: Lake, reader: httpx.Client, change: str) -> None:
    address = submit_query(reader, ALL)
    wait_until_ended(reader, address)
    assert reader.get(f"{address}/results?limit=1").status_code == 200
    act, status = CHANGES[change]
    act(numbers)
    answer = reader.get(f"{address}/results?limit=1")
    assert answer.status_code == status
    assert "secrets" not in answer.text


def test_a_query_is_cancelled_when_its_token_is_revoked(numbers: Lake, server: ApiServer, reader: httpx.Client) -> None:
    address = submit_query(reader, ENDLESS)
    wait_for_state(reader, address, {"running"})
    numbers.tokens.revoke(numbers.tokens.list("someone")[0].id)
    with server.client(numbers.tokens.create("another", "someone").secret) as again:
        found = wait_until_ended(again, address, 10)
    assert (found["state"], found["error"]["type"]) == ("cancelled", "/problems/not-signed-in")


def test_a_recreated_role_is_a_different_role(numbers: Lake, server: ApiServer, reader: httpx.Client) -> None:
    address = submit_query(reader, ALL)
    wait_until_ended(reader, address)
    numbers.roles.drop("readers", force=True)
    numbers.roles.create("readers", "reader", ["numbers"])
    numbers.users.alter("someone", roles=["readers"])
    assert reader.get(f"{address}/results").status_code == 403


def test_results_are_refused_after_a_table_is_purged(numbers: Lake, api: httpx.Client) -> None:
    address = submit_query(api, ALL)
    wait_until_ended(api, address)
    numbers.drop("numbers")
    assert api.get(f"{address}/results?limit=1").status_code == 200
    numbers.vacuum(0)
    assert api.get(f"{address}/results?limit=1").status_code == 403


def test_a_result_has_only_what_the_role_sees(numbers: Lake, reader: httpx.Client) -> None:
    numbers.roles.revoke("readers", "numbers")
    numbers.roles.grant("readers", "numbers", columns=["id"], where="id < 3")
    address = submit_query(reader, ALL)
    assert wait_until_ended(reader, address)["rows"] == 3
    assert reader.get(f"{address}/results").json()["items"] == [{"id": 0}, {"id": 1}, {"id": 2}]
    found = wait_until_ended(reader, submit_query(reader, "SELECT half FROM numbers"))
    assert (found["state"], found["error"]["type"]) == ("failed", "/problems/invalid-statement")


def test_a_role_in_the_body_takes_precedence(numbers: Lake, reader: httpx.Client, server: ApiServer) -> None:
    numbers.roles.create("others", "reader", ["numbers"])
    assert reader.post(QUERIES, json={"sql": ALL, "role": "others"}).status_code == 403
    numbers.users.alter("someone", roles=["readers", "others"])
    address = reader.post(QUERIES, json={"sql": ALL, "role": "others"}).headers["Location"]
    assert reader.get(address).status_code == 404
    headers = {"X-Supertable-Role": "others"}
    assert reader.get(address, headers=headers).json()["role"] == "others"


def test_active_jobs_of_a_user_are_limited(home: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> None:
    monkeypatch.setenv("SUPERTABLE_JOBS_PER_USER", "3")
    monkeypatch.setenv("SUPERTABLE_JOBS_AT_ONCE", "1")
    api: httpx.Client = request.getfixturevalue("api")
    lake: Lake = request.getfixturevalue("lake")
    server: ApiServer = request.getfixturevalue("server")
    addresses = [submit_query(api, ENDLESS) for _ in range(3)]
    refused = api.post(QUERIES, json={"sql": "SELECT 1"})
    assert (refused.status_code, problem_type_of(refused)) == (429, "too-many-jobs")
    assert refused.headers["Retry-After"] == "1"
    lake.roles.create("readers", "reader", ["*"])
    with server.client(create_token(lake, "someone", "readers")) as reader:
        # jobs of other users do not count towards the limit, but only one job runs at a time
        waiting = submit_query(reader, "SELECT 1 AS one")
        wait_for_state(api, addresses[0], {"running"})
        assert [api.get(one).json()["state"] for one in addresses[1:]] == ["queued", "queued"]
        for one in reversed(addresses):  # queued ones, too
            assert api.delete(one).status_code == 202
            assert wait_until_ended(api, one, 5)["state"] == "cancelled"
        assert wait_until_ended(reader, waiting)["state"] == "succeeded"
    assert wait_until_ended(api, submit_query(api, "SELECT 1"))["state"] == "succeeded"


def test_results_expire(numbers: Lake, api: httpx.Client, home: Path) -> None:
    address = submit_query(api, ALL)
    wait_until_ended(api, address)
    clock = ShiftedClock(23 * 3600)
    server = ApiServer(container_with_clock(home, clock))
    with server.client() as later:
        assert later.get(f"{address}/results?limit=1").status_code == 200
        clock.ahead_seconds = 24.1 * 3600
        assert later.get(address).status_code == 404
        assert later.get(f"{address}/results?limit=1").status_code == 404
        assert later.get(JOBS).json()["items"] == []
    server.stop()


class ShiftedClock(SystemClock):
    def __init__(self, ahead_seconds: float) -> None:
        self.ahead_seconds = ahead_seconds

    def now_us(self) -> int:
        return super().now_us() + round(self.ahead_seconds * 1_000_000)


def container_with_clock(home: Path, clock: SystemClock) -> Any:
    from supertable.config.container import Container
    from supertable.config.settings.settings import load_settings

    container = Container(settings=load_settings(home=home))
    container.clock.override(providers.Object(clock))
    return container


def test_the_audit_log_records_reads_of_results_and_refusals(numbers: Lake, reader: httpx.Client) -> None:
    address = submit_query(reader, ALL)
    wait_until_ended(reader, address)
    assert reader.get(f"{address}/results?limit=7").status_code == 200
    numbers.roles.grant("readers", "numbers", columns=["id"])
    assert reader.get(f"{address}/results?limit=7").status_code == 403
    events = numbers.sql(
        "SELECT kind, what, rows, outcome FROM system.audit WHERE user_name = 'someone' AND tables = ['numbers'] "
        "ORDER BY sequence"
    ).arrow()
    assert [tuple(row.values()) for row in events.to_pylist()] == [
        ("query", "query", ROWS, "ok"),
        ("query", "read result", 7, "ok"),
        ("refusal", "read result", None, "AccessDenied"),
    ]
