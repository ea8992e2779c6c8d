"""`/api/v1/jobs`, and the jobs for compactions, vacuums, maintenance and checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.support.api.actors import TABLES, create_token, problem_type_of
from tests.support.api.jobs import ENDLESS, JOBS, QUERIES, submit_query, wait_for_state, wait_until_ended
from tests.support.api.server import ApiServer

SUPERTABLE = "/api/v1/supertables/main"
MAINTENANCE: list[tuple[str, dict[str, object] | None]] = [
    (f"{TABLES}/sales/compactions", {}),
    (f"{TABLES}/sales/vacuums", {}),
    (f"{SUPERTABLE}/vacuums", {}),
    (f"{SUPERTABLE}/maintenances", None),
    (f"{SUPERTABLE}/checks", {}),
]


@pytest.fixture
def sales(lake: Lake) -> Lake:
    """A table `sales` of six small files and two columns, at version 7."""
    lake.create_table("sales", pa.schema([("id", pa.int64()), ("region", pa.string())]), keys=["id"])
    for number in range(6):
        lake.write("sales", pa.table({"id": [5 - number], "region": ["EU"]}))
    return lake


@pytest.fixture
def writer(sales: Lake, server: ApiServer) -> Iterator[httpx.Client]:
    """A client with the token of a writer, the user `someone`."""
    sales.roles.create("writers", "writer", ["*"])
    with server.client(create_token(sales, "someone", "writers")) as client:
        yield client


def start_job(api: httpx.Client, path: str, body: Any) -> str:
    """Start a job and return its address."""
    answer = api.post(path, json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"{JOBS}/{answer.json()['id']}"
    return answer.headers["Location"]


def test_a_compaction_merges_small_files(sales: Lake, api: httpx.Client) -> None:
    job = wait_until_ended(api, start_job(api, f"{TABLES}/SALES/compactions", {"sort_by": ["id"]}))
    assert (job["kind"], job["state"], job["supertable"], job["table"]) == ("compaction", "succeeded", "main", "sales")
    assert job["result"]["files_before"] == 6
    assert job["result"]["files_after"] == 1
    assert job["result"]["version"] == 8
    assert job["progress"] == {"done": 1, "total": None, "what": "portions"}
    assert sales.sql("SELECT id FROM sales").arrow()["id"].to_pylist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.usefixtures("as_files")
def test_a_vacuum_removes_files_of_expired_versions(sales: Lake, api: httpx.Client, home: Path) -> None:
    sales.table("sales").compact()
    dry = wait_until_ended(api, start_job(api, f"{TABLES}/sales/vacuums", {"retention_seconds": 0, "dry_run": True}))
    assert dry["result"]["objects_removed"] == 6
    assert len(list(home.rglob("*.parquet"))) == 7
    done = wait_until_ended(api, start_job(api, f"{TABLES}/sales/vacuums", {"retention_seconds": 0}))
    assert (done["state"], done["kind"]) == ("succeeded", "vacuum")
    assert done["result"]["objects_removed"] == done["progress"]["done"] == 6
    assert done["result"]["records_emptied"] == dry["result"]["records_emptied"] == 6
    assert done["result"]["bytes_removed"] == dry["result"]["bytes_removed"] > 0
    assert len(list(home.rglob("*.parquet"))) == 1


def test_a_vacuum_of_a_supertable_purges_dropped_tables(sales: Lake, api: httpx.Client, home: Path) -> None:
    sales.clone("sales", "other")
    sales.drop("sales")
    sales.drop("other")
    job = wait_until_ended(api, start_job(api, f"{SUPERTABLE}/vacuums", {"retention_seconds": 0}))
    assert job["table"] is None
    assert sorted(one["table"] for one in job["result"]["purged"]) == ["other", "sales"]
    assert list(home.rglob("*.parquet")) == []


def test_maintenance_compacts_as_the_policy_says(sales: Lake, api: httpx.Client) -> None:
    sales.table("sales").set_maintenance(small_files=2)
    job = wait_until_ended(api, start_job(api, f"{SUPERTABLE}/maintenances", None))
    assert job["kind"] == "maintenance"
    assert [one["files_after"] for one in job["result"]["compactions"]] == [1]
    assert job["result"]["failures"] == []


@pytest.mark.usefixtures("as_files")
def test_a_check_finds_damaged_files(sales: Lake, api: httpx.Client, home: Path) -> None:
    intact = wait_until_ended(api, start_job(api, f"{SUPERTABLE}/checks", {}))
    assert intact["result"]["sound"] is True
    assert intact["result"]["files"] == 6
    assert intact["progress"]["done"] == intact["progress"]["total"] == intact["result"]["bytes_read"] > 0
    file = next(home.rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert wait_until_ended(api, start_job(api, f"{SUPERTABLE}/checks", {"quick": True}))["result"]["sound"] is True
    damaged = wait_until_ended(api, start_job(api, f"{SUPERTABLE}/checks", {"quick": False}))["result"]
    assert damaged["sound"] is False
    assert damaged["findings_total"] == 1
    assert damaged["findings"][0]["what"] == "its bytes are not those that were written"


def test_a_check_reports_an_unreadable_registry(sales: Lake, home: Path, lake: Lake) -> None:
    for record in (home / "storage" / "default" / "main" / "catalog" / "log").iterdir():
        record.write_bytes(b"nothing")
    (home / "catalog.sqlite").unlink(missing_ok=True)
    with supertable.connect(home) as again:
        server = ApiServer(again._container)
        with server.client() as api:
            found = wait_until_ended(api, start_job(api, f"{SUPERTABLE}/checks", {}))["result"]
        server.stop()
    assert found["sound"] is False


def test_missing_permissions_are_refused_before_a_job_is_created(
    sales: Lake, server: ApiServer, writer: httpx.Client, api: httpx.Client
) -> None:
    with server.client(None) as anonymous:
        for path, body in MAINTENANCE:
            answer = writer.post(path, json=body)
            assert (answer.status_code, problem_type_of(answer)) == (403, "access-denied"), path
            assert anonymous.post(path, json=body).status_code == 401
    assert api.get(JOBS).json()["items"] == []


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        (f"{TABLES}/nothing/compactions", {}, 404, "table-not-found"),
        (f"{TABLES}/nothing/vacuums", {}, 404, "table-not-found"),
        (f"{TABLES}/sales/compactions", {"sort_by": ["colour"]}, 400, "invalid-schema"),
        (f"{TABLES}/sales/compactions", {"sort_by": "id"}, 400, "invalid-input"),
        (f"{TABLES}/sales/compactions", {"evrything": True}, 400, "invalid-input"),
        (f"{TABLES}/sales/vacuums", {"retention_seconds": -1}, 400, "invalid-setting"),
        (f"{TABLES}/sales/vacuums", {"retention_seconds": "long"}, 400, "invalid-input"),
        (f"{SUPERTABLE}/vacuums", {"retention_seconds": 1e300}, 400, "invalid-setting"),
        (f"{SUPERTABLE}/checks", {"quick": "maybe"}, 400, "invalid-input"),
        ("/api/v1/supertables/a-b/checks", {}, 400, "invalid-name"),
        ("/api/v1/supertables/nothing/checks", {}, 404, "not-found"),
        ("/api/v1/supertables/nothing/vacuums", {}, 404, "not-found"),
        ("/api/v1/supertables/nothing/maintenances", None, 404, "not-found"),
    ],
)
def test_invalid_requests_are_refused_before_a_job_is_created(
    sales: Lake, api: httpx.Client, path: str, body: Any, status: int, kind: str
) -> None:
    answer = api.post(path, json=body)
    assert (answer.status_code, problem_type_of(answer)) == (status, kind)
    assert api.get(JOBS).json()["items"] == []


@pytest.mark.usefixtures("as_files")
def test_a_failed_job_reports_its_problem_without_internal_details(sales: Lake, api: httpx.Client, home: Path) -> None:
    for file in home.rglob("*.parquet"):
        file.unlink()
    job = wait_until_ended(api, start_job(api, f"{TABLES}/sales/compactions", {}))
    assert job["state"] == "failed"
    assert job["error"]["type"] == "/problems/object-missing"
    assert ".parquet" not in str(job)
    assert str(home) not in str(job)


def test_users_see_their_own_jobs_and_controllers_see_all(
    sales: Lake, writer: httpx.Client, server: ApiServer, api: httpx.Client
) -> None:
    theirs = wait_until_ended(writer, submit_query(writer, "SELECT 'a secret' AS word FROM sales"))["id"]
    ours = wait_until_ended(api, start_job(api, f"{SUPERTABLE}/checks", {}))["id"]
    sales.roles.create("admins", "admin")
    with server.client(create_token(sales, "boss", "admins")) as boss:
        for client in (api, boss):
            listed = client.get(JOBS).json()
            assert [job["id"] for job in listed["items"]] == [ours, theirs]
            assert listed["next_cursor"] is None
            assert "secret" not in str(listed)
            found = client.get(f"{JOBS}/{theirs}").json()
            assert (found["user_name"], found["role"], found["kind"]) == ("someone", "writers", "query")
    assert [job["id"] for job in writer.get(JOBS).json()["items"]] == [theirs]
    for method in ("GET", "DELETE"):
        existing, missing = (writer.request(method, f"{JOBS}/{one}") for one in (ours, "0" * 32))
        assert existing.status_code == missing.status_code == 404
        assert existing.json()["detail"] == missing.json()["detail"]


def test_jobs_under_another_role_are_hidden(sales: Lake, writer: httpx.Client) -> None:
    sales.roles.create("readers", "reader", ["*"])
    sales.users.alter("someone", roles=["writers", "readers"])
    wait_until_ended(writer, submit_query(writer, "SELECT 1"))
    assert writer.get(JOBS, headers={"X-Supertable-Role": "readers"}).json()["items"] == []
    assert len(writer.get(JOBS).json()["items"]) == 1


def test_jobs_are_listed_in_pages_newest_first(sales: Lake, writer: httpx.Client, api: httpx.Client) -> None:
    made = [wait_until_ended(client, submit_query(client, "SELECT 1"))["id"] for client in (api, writer) * 3]
    ids: list[str] = []
    cursor: str | None = None
    while not ids or cursor:
        page = api.get(JOBS, params={"limit": 4, **({"cursor": cursor} if cursor else {})}).json()
        ids += [job["id"] for job in page["items"]]
        cursor = page["next_cursor"]
    assert ids == made[::-1]
    assert len(writer.get(f"{JOBS}?limit=2").json()["items"]) == 2
    for bad in ("limit=0", "limit=1001", "cursor=x"):
        assert api.get(f"{JOBS}?{bad}").status_code == 400


def test_controllers_may_cancel_and_remove_queries_of_others(
    sales: Lake, writer: httpx.Client, api: httpx.Client
) -> None:
    address = submit_query(writer, ENDLESS)
    job = address.replace(QUERIES, JOBS)
    wait_for_state(api, job, {"running"})
    assert api.delete(job).status_code == 202
    assert wait_until_ended(writer, address, 5)["state"] == "cancelled"
    assert api.delete(job).status_code == 204
    assert writer.get(address).status_code == 404


def test_other_jobs_are_not_found_as_queries(sales: Lake, api: httpx.Client) -> None:
    job = wait_until_ended(api, start_job(api, f"{SUPERTABLE}/checks", {}))["id"]
    assert api.get(f"{QUERIES}/{job}").status_code == 404
    assert api.get(f"{QUERIES}/{job}/results").status_code == 404


def test_a_shutdown_cancels_running_jobs(sales: Lake, lake: Lake) -> None:
    stopping = ApiServer(lake._container)
    with stopping.client() as api:
        address = submit_query(api, ENDLESS)
        wait_for_state(api, address, {"running"})
    stopping.stop()
    server = ApiServer(lake._container)
    with server.client() as api:
        found = api.get(address).json()
        assert (found["state"], found["error"]["type"]) == ("cancelled", "/problems/job-interrupted")
        refused = api.post(QUERIES, json={"sql": "SELECT 1"})  # the container's job runner is closed
        assert (refused.status_code, problem_type_of(refused)) == (503, "job-interrupted")
    server.stop()
