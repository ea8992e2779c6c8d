"""`POST /api/v1/query`."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from supertable import Lake

FRUIT = pa.table({"id": [1, 2, 3], "name": ["fig", "plum", None], "kg": [1.5, 2.0, None]})


@pytest.fixture
def fruit(lake: Lake) -> Lake:
    """A table `fruit` of three rows at version 2."""
    lake.create_table_from("fruit", FRUIT, keys=["id"])
    return lake


def asked(api: httpx.Client, sql: str, accept: str = "application/json", **more: Any) -> httpx.Response:
    return api.post("/api/v1/query", json={"sql": sql, **more}, headers={"Accept": accept})


def test_json_tells_the_columns_the_rows_and_the_versions(fruit: Lake, api: httpx.Client) -> None:
    answer = asked(api, "SELECT id, name FROM fruit ORDER BY id")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.headers["X-Supertable-Versions"]) == {"fruit": [2]}
    assert answer.json() == {
        "columns": [{"name": "id", "type": "int64"}, {"name": "name", "type": "string"}],
        "versions": {"fruit": [2]},
        "rows": [{"id": 1, "name": "fig"}, {"id": 2, "name": "plum"}, {"id": 3, "name": None}],
    }


def test_every_format_has_the_same_rows(fruit: Lake, api: httpx.Client) -> None:
    sql = "SELECT * FROM fruit ORDER BY id"
    arrow = asked(api, sql, "application/vnd.apache.arrow.stream")
    assert pa.ipc.open_stream(arrow.content).read_all() == FRUIT
    assert pq.read_table(io.BytesIO(asked(api, sql, "application/vnd.apache.parquet").content)) == FRUIT
    assert pa.csv.read_csv(io.BytesIO(asked(api, sql, "text/csv").content))["id"].to_pylist() == [1, 2, 3]
    lines = asked(api, sql, "application/x-ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == FRUIT.to_pylist()
