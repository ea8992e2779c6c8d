"""Health, and what is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.servers.valkey import Valkey
from tests.support.api.server import TOKEN, ApiServer


def test_a_catalog_that_is_away_is_told_and_nothing_else(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    valkey = Valkey(tmp_path / "valkey")
    for name, value in {**valkey.environment, "SUPERTABLE_SUPERTOKEN": TOKEN, "SUPERTABLE_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)
    with supertable.connect(home) as lake:
        server = ApiServer(lake.container)
        with server.client(token=None) as nobody:
            assert nobody.get("/healthz").text == "ok"
            assert nobody.get("/readyz").text == "ok"
            valkey.stop()
            ill = nobody.get("/healthz")
            assert (ill.status_code, ill.text) == (503, "catalog does not answer")
            assert nobody.get("/readyz").status_code == 503
        server.stop()


def test_a_service_that_stops_is_not_ready(server: ApiServer, api: httpx.Client) -> None:
    server.begin_to_stop()
    answer = api.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "stopping")
    assert api.get("/healthz").status_code == 200


def test_counts_name_routes_and_nothing_of_the_lake(lake: Lake, api: httpx.Client) -> None:
    before = counted(api)
    api.post("/api/v1/query", json={"sql": "SELECT 1 AS secret_name UNION ALL SELECT 2"})
    api.post("/api/v1/query", json={"sql": "SELECT * FROM secret_name"})
    lake.create_table_from("written", pa.table({"id": [1]}))
    written = api.post("/api/v1/supertables/main/tables/written/rows", json=[{"id": 2}])
    assert written.status_code == 201, written.text
    assert written.json()["version"] == 3
    api.get("/api/v1/supertables/main/tables/secret_name")
    api.get("/secret_name")
    api.request("SECRET_NAME", "/healthz")
    after = counted(api)
    assert after["supertable_rows_read_total"] - before["supertable_rows_read_total"] == 2
    assert after["supertable_writes_total"] - before["supertable_writes_total"] == 1
    route = "/api/v1/supertables/{supertable}/tables/{table}"
    assert after[f'supertable_requests_total{{method="GET",route="{route}",status="404"}}'] >= 1
    assert "secret_name" not in api.get("/metrics").text.lower()


def counted(api: httpx.Client) -> dict[str, float]:
    found: dict[str, Any] = {}
    for line in api.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found
