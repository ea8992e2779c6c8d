"""`/api/v1/jobs`, and what goes on as a job: compactions, vacuums, maintenance, checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.support.api.actors import TABLES, kind_of, token_of
from tests.support.api.jobs import ENDLESS, JOBS, QUERIES, over, state, submitted
from tests.support.api.server import ApiServer

SUPERTABLE = "/api/v1/supertables/main"
UPKEEP: list[tuple[str, dict[str, object] | None]] = [
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
def someone(sales: Lake, server: ApiServer) -> Iterator[httpx.Client]:
    """A writer with a token of their own."""
    sales.roles.create("writers", "writer", ["*"])
    with server.client(token_of(sales, "someone", "writers")) as client:
        yield client


def begun(api: httpx.Client, path: str, body: Any) -> str:
    """The address of the job that was accepted."""
    answer = api.post(path, json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"{JOBS}/{answer.json()['id']}"
    return answer.headers["Location"]


def test_a_compaction(sales: Lake, api: httpx.Client) -> None:
    job = over(api, begun(api, f"{TABLES}/SALES/compactions", {"sort_by": ["id"]}))
    assert (job["kind"], job["state"], job["supertable"], job["table"]) == ("compaction", "succeeded", "main", "sales")
    assert job["result"]["files_before"] == 6
    assert job["result"]["files_after"] == 1
    assert job["result"]["version"] == 8
    assert job["progress"] == {"done": 1, "total": None, "what": "portions"}
    assert sales.sql("SELECT id FROM sales").arrow()["id"].to_pylist() == [0, 1, 2, 3, 4, 5]


def test_a_vacuum(sales: Lake, api: httpx.Client, home: Path) -> None:
    sales.table("sales").compact()
    would = over(api, begun(api, f"{TABLES}/sales/vacuums", {"retention_seconds": 0, "dry_run": True}))
    assert would["result"]["objects_removed"] == 6
    assert len(list(home.rglob("*.parquet"))) == 7
    did = over(api, begun(api, f"{TABLES}/sales/vacuums", {"retention_seconds": 0}))
    assert (did["state"], did["kind"]) == ("succeeded", "vacuum")
    assert did["result"]["objects_removed"] == did["progress"]["done"] == 6
    assert did["result"]["bytes_removed"] == would["result"]["bytes_removed"] > 0
    assert len(list(home.rglob("*.parquet"))) == 1


def test_a_vacuum_of_everything(sales: Lake, api: httpx.Client, home: Path) -> None:
    sales.clone("sales", "other")
    sales.drop("sales")
    sales.drop("other")
    job = over(api, begun(api, f"{SUPERTABLE}/vacuums", {"retention_seconds": 0}))
    assert job["table"] is None
    assert sorted(one["table"] for one in job["result"]["purged"]) == ["other", "sales"]
    assert list(home.rglob("*.parquet")) == []


def test_maintenance(sales: Lake, api: httpx.Client) -> None:
    sales.table("sales").set_maintenance(small_files=2)
    job = over(api, begun(api, f"{SUPERTABLE}/maintenances", None))
    assert job["kind"] == "maintenance"
    assert [one["files_after"] for one in job["result"]["compactions"]] == [1]
    assert job["result"]["failures"] == []


def test_a_check(sales: Lake, api: httpx.Client, home: Path) -> None:
    sound = over(api, begun(api, f"{SUPERTABLE}/checks", {}))
    assert sound["result"]["sound"] is True
    assert sound["result"]["files"] == 6
    assert sound["progress"]["done"] == sound["progress"]["total"] == sound["result"]["bytes_read"] > 0
    file = next(home.rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert over(api, begun(api, f"{SUPERTABLE}/checks", {"quick": True}))["result"]["sound"] is True
    damaged = over(api, begun(api, f"{SUPERTABLE}/checks", {"quick": False}))["result"]
    assert damaged["sound"] is False
    assert damaged["findings_total"] == 1
    assert damaged["findings"][0]["what"] == "its bytes are not those that were written"


def test_a_check_of_a_registry_that_cannot_be_read(sales: Lake, home: Path, lake: Lake) -> None:
    for record in (home / "storage" / "default" / "main" / "catalog" / "log").iterdir():
        record.write_bytes(b"nothing")
    (home / "catalog.sqlite").unlink(missing_ok=True)
    with supertable.connect(home) as again:
        server = ApiServer(again.container)
        with server.client() as api:
            found = over(api, begun(api, f"{SUPERTABLE}/checks", {}))["result"]
        server.stop()
    assert found["sound"] is False


def test_who_may_not_is_told_at_once(sales: Lake, someone: httpx.Client, api: httpx.Client) -> None:
    for path, body in UPKEEP:
        answer = someone.post(path, json=body)
        assert (answer.status_code, kind_of(answer)) == (403, "access-denied"), path
        assert httpx.post(f"{api.base_url}{path}", json=body).status_code == 401
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
def test_what_is_wrong_is_told_at_once(
    sales: Lake, api: httpx.Client, path: str, body: Any, status: int, kind: str
) -> None:
    answer = api.post(path, json=body)
    assert (answer.status_code, kind_of(answer)) == (status, kind)
    assert api.get(JOBS).json()["items"] == []


def test_a_job_that_fails_says_why_and_no_more(sales: Lake, api: httpx.Client, home: Path) -> None:
    for file in home.rglob("*.parquet"):
        file.unlink()
    job = over(api, begun(api, f"{TABLES}/sales/compactions", {}))
    assert job["state"] == "failed"
    assert job["error"]["type"] == "/problems/object-missing"
    assert ".parquet" not in str(job)
    assert str(home) not in str(job)


def test_each_sees_their_own_jobs_and_who_controls_all(
    sales: Lake, someone: httpx.Client, server: ApiServer, api: httpx.Client
) -> None:
    theirs = over(someone, submitted(someone, "SELECT 'a secret' AS said FROM sales"))["id"]
    ours = over(api, begun(api, f"{SUPERTABLE}/checks", {}))["id"]
    sales.roles.create("admins", "admin")
    with server.client(token_of(sales, "boss", "admins")) as boss:
        for client in (api, boss):
            listed = client.get(JOBS).json()
            assert [job["id"] for job in listed["items"]] == [ours, theirs]
            assert listed["next_cursor"] is None
            assert "secret" not in str(listed)
            found = client.get(f"{JOBS}/{theirs}").json()
            assert (found["user_name"], found["role"], found["kind"]) == ("someone", "writers", "query")
    assert [job["id"] for job in someone.get(JOBS).json()["items"]] == [theirs]
    for method in ("GET", "DELETE"):
        there, nobody = (someone.request(method, f"{JOBS}/{one}") for one in (ours, "0" * 32))
        assert there.status_code == nobody.status_code == 404
        assert there.json()["detail"] == nobody.json()["detail"]


def test_jobs_of_one_user_under_another_role_are_not_seen(sales: Lake, someone: httpx.Client) -> None:
    sales.roles.create("readers", "reader", ["*"])
    sales.users.alter("someone", roles=["writers", "readers"])
    over(someone, submitted(someone, "SELECT 1"))
    assert someone.get(JOBS, headers={"X-Supertable-Role": "readers"}).json()["items"] == []
    assert len(someone.get(JOBS).json()["items"]) == 1


def test_pages_of_jobs(sales: Lake, someone: httpx.Client, api: httpx.Client) -> None:
    made = [over(client, submitted(client, "SELECT 1"))["id"] for client in (api, someone) * 3]
    ids: list[str] = []
    cursor: str | None = None
    while not ids or cursor:
        page = api.get(JOBS, params={"limit": 4, **({"cursor": cursor} if cursor else {})}).json()
        ids += [job["id"] for job in page["items"]]
        cursor = page["next_cursor"]
    assert ids == made[::-1]
    assert len(someone.get(f"{JOBS}?limit=2").json()["items"]) == 2
    for bad in ("limit=0", "limit=1001", "cursor=x"):
        assert api.get(f"{JOBS}?{bad}").status_code == 400


def test_who_controls_may_stop_and_remove_the_queries_of_others(
    sales: Lake, someone: httpx.Client, api: httpx.Client
) -> None:
    address = submitted(someone, ENDLESS)
    job = address.replace(QUERIES, JOBS)
    state(api, job, {"running"})
    assert api.delete(job).status_code == 202
    assert over(someone, address, 5)["state"] == "cancelled"
    assert api.delete(job).status_code == 204
    assert someone.get(address).status_code == 404


def test_jobs_that_are_no_queries_are_none(sales: Lake, api: httpx.Client) -> None:
    job = over(api, begun(api, f"{SUPERTABLE}/checks", {}))["id"]
    assert api.get(f"{QUERIES}/{job}").status_code == 404
    assert api.get(f"{QUERIES}/{job}/results").status_code == 404


def test_a_service_that_stops_ends_its_jobs(sales: Lake, lake: Lake) -> None:
    stopping = ApiServer(lake.container)
    with stopping.client() as api:
        address = submitted(api, ENDLESS)
        state(api, address, {"running"})
    stopping.stop()
    server = ApiServer(lake.container)
    with server.client() as api:
        found = api.get(address).json()
        assert (found["state"], found["error"]["type"]) == ("cancelled", "/problems/job-interrupted")
        refused = api.post(QUERIES, json={"sql": "SELECT 1"})  # the container's runner has come to its end
        assert (refused.status_code, kind_of(refused)) == (503, "job-interrupted")
    server.stop()
