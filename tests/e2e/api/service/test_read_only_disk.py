"""A disk that becomes read-only: the service says so and refuses what it cannot record; later it goes on."""

from __future__ import annotations

from pathlib import Path

import httpx
import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import AuditUnavailable, Unavailable
from tests.support.api.server import TOKEN, ApiServer
from tests.support.mounts import read_only

REASON = "Read-only file system"
RECORDS = f"The audit log cannot record events: {REASON}. Nothing was done; it is safe to try again."
NOT_WRITTEN = (
    "The object store did not answer, or its disk cannot be written. Nothing was changed; it is safe to try again."
)


@pytest.fixture
def lake_home(home: Path) -> Path:
    """A lake with a file that a vacuum may remove."""
    with supertable.connect(home) as lake:
        lake.create_table_from("t", pa.table({"id": [1], "text": ["a"]}), keys=["id"])
        lake.write("t", pa.table({"id": [1], "text": ["b"]}), "overwrite")
    return home


def query(api: httpx.Client) -> httpx.Response:
    return api.post("/api/v1/query", json={"sql": "SELECT text FROM t"})


def vacuum(api: httpx.Client) -> httpx.Response:
    return api.post("/api/v1/supertables/main/tables/t/vacuums", json={"retention_seconds": 0})


def write(api: httpx.Client) -> httpx.Response:
    return api.post("/api/v1/supertables/main/tables/t/rows", json=[{"id": 2, "text": "c"}])


@pytest.mark.usefixtures("as_files")
def test_a_service_says_so_and_goes_on_later(lake_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
    with supertable.connect(lake_home, token=TOKEN) as lake:
        lake._container.audit_journals().prepare_service(0)
        server = ApiServer(lake._container)
        with server.client() as api:
            check_service(api, lake_home)
        server.stop()
        assert lake.audit.verify().whole


def check_service(api: httpx.Client, home: Path) -> None:
    assert query(api).json()["rows"] == [{"text": "b"}]
    assert api.get("/api/v1/audit").status_code == 200
    with read_only(home):
        ready, alive = api.get("/readyz"), api.get("/healthz")
        assert (ready.status_code, ready.text) == (503, f"actions cannot be recorded: {REASON}")
        assert (alive.status_code, alive.text) == (200, ready.text)
        assert vacuum(api).json()["detail"] == RECORDS
        assert query(api).status_code == 200  # recorded in a file that was open for writing before
        assert api.get("/api/v1/audit").status_code == 200  # its own event needs a new file, and waits
        for act, detail in ((query, RECORDS), (write, NOT_WRITTEN), (vacuum, RECORDS)):
            refused = act(api)
            assert (refused.status_code, refused.json()["detail"]) == (503, detail)
            assert refused.headers["Retry-After"] == "1"
    assert api.get("/readyz").text == api.get("/healthz").text == "ok"
    assert query(api).json()["rows"] == [{"text": "b"}]
    assert write(api).status_code == 201
    assert vacuum(api).status_code == 202
    queries = api.get("/api/v1/audit", params={"kind": "query", "table": "t"}).json()["items"]
    assert len(queries) == 3
    assert len(api.get("/api/v1/audit", params={"kind": "query"}).json()["items"]) == 6


@pytest.mark.usefixtures("as_files")
def test_an_embedded_lake_is_read_and_refuses_the_rest(lake_home: Path) -> None:
    with read_only(lake_home), supertable.connect(lake_home) as lake:
        assert lake.sql("SELECT text FROM t").arrow()["text"].to_pylist() == ["b"]
        with pytest.raises(AuditUnavailable, match=REASON):
            lake.vacuum(0)
        for refused in (
            lambda: lake.write("t", pa.table({"id": [2], "text": ["c"]})),
            lambda: lake.delete("t", where="id = 1"),
            lambda: lake.drop("t"),
        ):
            with pytest.raises(Unavailable, match=REASON):
                refused()
    with supertable.connect(lake_home) as lake:
        assert lake.table("t").info().version == 3
        lake.write("t", pa.table({"id": [2], "text": ["c"]}))
        assert len(lake.vacuum(0).tables[0].removed) == 1
        assert lake.audit.verify().whole
