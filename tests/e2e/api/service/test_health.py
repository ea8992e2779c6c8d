"""Health checks and metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable import Lake
from supertable.adapters.clocks.system import SystemClock
from tests.servers.valkey import Valkey
from tests.support.api.server import TOKEN, ApiServer


class ShiftedClock(SystemClock):
    seconds = 0

    def now_us(self) -> int:
        return super().now_us() + self.seconds * 1_000_000


def test_health_reports_an_unavailable_catalog_without_details(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    valkey = Valkey(tmp_path / "valkey")
    for name, value in {**valkey.environment, "SUPERTABLE_SUPERTOKEN": TOKEN, "SUPERTABLE_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)
    with supertable.connect(home) as lake:
        server = ApiServer(lake._container)
        with server.client(token=None) as anonymous:
            assert anonymous.get("/healthz").text == "ok"
            assert anonymous.get("/readyz").text == "ok"
            valkey.stop()
            unhealthy = anonymous.get("/healthz")
            assert (unhealthy.status_code, unhealthy.text) == (503, "catalog does not answer")
            assert anonymous.get("/readyz").status_code == 503
        server.stop()


def test_a_service_whose_clock_is_too_far_ahead_is_not_ready(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
    monkeypatch.setenv("SUPERTABLE_MAX_CLOCK_SKEW_SEC", "3600")
    with supertable.connect(home) as lake:
        clock = ShiftedClock()
        lake._container.clock.override(providers.Object(clock))
        server = ApiServer(lake._container)
        with server.client() as api:
            assert api.get("/readyz").text == "ok"
            clock.seconds = 7200
            answer = api.get("/readyz")
            assert (answer.status_code, "7,200 s ahead of the store's" in answer.text) == (503, True)
            assert api.get("/healthz").text == "ok"
        server.stop()


def test_a_stopping_service_is_not_ready(server: ApiServer, api: httpx.Client) -> None:
    server.begin_shutdown()
    answer = api.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "stopping")
    assert api.get("/healthz").status_code == 200


def test_metrics_name_routes_but_no_tables(lake: Lake, api: httpx.Client) -> None:
    before = read_metrics(api)
    api.post("/api/v1/query", json={"sql": "SELECT 1 AS secret_name UNION ALL SELECT 2"})
    api.post("/api/v1/query", json={"sql": "SELECT * FROM secret_name"})
    lake.create_table_from("written", pa.table({"id": [1]}))
    written = api.post("/api/v1/supertables/main/tables/written/rows", json=[{"id": 2}])
    assert written.status_code == 201, written.text
    assert written.json()["version"] == 3
    api.get("/api/v1/supertables/main/tables/secret_name")
    api.get("/secret_name")
    api.request("SECRET_NAME", "/healthz")
    after = read_metrics(api)
    assert after["supertable_rows_read_total"] - before["supertable_rows_read_total"] == 2
    assert after["supertable_writes_total"] - before["supertable_writes_total"] == 1
    route = "/api/v1/supertables/{supertable}/tables/{table}"
    assert after[f'supertable_requests_total{{method="GET",route="{route}",status="404"}}'] >= 1
    assert "secret_name" not in api.get("/metrics").text.lower()


def read_metrics(api: httpx.Client) -> dict[str, float]:
    found: dict[str, Any] = {}
    for line in api.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found
