"""`POST /api/v1/query`."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from supertable import Lake
from tests.support.api.server import ApiServer

FRUIT = pa.table({"id": [1, 2, 3], "name": ["fig", "plum", None], "kg": [1.5, 2.0, None]})


@pytest.fixture
def fruit(lake: Lake) -> Lake:
    """A table `fruit` of three rows at version 2."""
    lake.create_table_from("fruit", FRUIT, keys=["id"])
    return lake


def run_query(api: httpx.Client, sql: str, accept: str = "application/json", **more: Any) -> httpx.Response:
    return api.post("/api/v1/query", json={"sql": sql, **more}, headers={"Accept": accept})


def test_json_has_columns_versions_and_rows(fruit: Lake, api: httpx.Client) -> None:
    answer = run_query(api, "SELECT id, name FROM fruit ORDER BY id")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.headers["X-Supertable-Versions"]) == {"fruit": [2]}
    reason = answer.headers["X-Supertable-Engine-Reason"]
    assert re.fullmatch(r"The query reads \d+ bytes: up to 104\.9 MB are for LITE\.", reason)
    assert answer.headers["X-Supertable-Engine"] == "lite"
    assert answer.json() == {
        "columns": [{"name": "id", "type": "int64"}, {"name": "name", "type": "string"}],
        "versions": {"fruit": [2]},
        "engine": "lite",
        "engine_reason": reason,
        "rows": [{"id": 1, "name": "fig"}, {"id": 2, "name": "plum"}, {"id": 3, "name": None}],
    }


def test_every_format_has_the_same_rows(fruit: Lake, api: httpx.Client) -> None:
    sql = "SELECT * FROM fruit ORDER BY id"
    arrow = run_query(api, sql, "application/vnd.apache.arrow.stream")
    assert pa.ipc.open_stream(arrow.content).read_all() == FRUIT
    assert pq.read_table(io.BytesIO(run_query(api, sql, "application/vnd.apache.parquet").content)) == FRUIT
    assert pa.csv.read_csv(io.BytesIO(run_query(api, sql, "text/csv").content))["id"].to_pylist() == [1, 2, 3]
    lines = run_query(api, sql, "application/x-ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == FRUIT.to_pylist()


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELECT id FROM fruit WHERE name = ? AND kg > ?", ["plum", 1]),
        ("SELECT id FROM fruit WHERE name = $name", {"name": "plum"}),
        ("SELECT 2 AS id FROM fruit WHERE name = ?", ["plum' OR '1' = '1"]),
    ],
)
def test_parameters_are_bound_as_values(fruit: Lake, api: httpx.Client, sql: str, parameters: Any) -> None:
    rows = run_query(api, sql, parameters=parameters).json()["rows"]
    assert rows == ([] if "OR" in str(parameters) else [{"id": 2}])


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1", "INTEGER", "1"),
        ("340282366920938463463374607431768211455", "UHUGEINT", "340282366920938463463374607431768211455"),
        ("1e30", "DOUBLE", "1e+30"),
        ("1.0", "DOUBLE", "1.0"),
        ("[1, 2.5]", "DOUBLE[]", "[1.0, 2.5]"),
    ],
)
def test_numbers_in_json_are_exact(fruit: Lake, api: httpx.Client, text: str, kind: str, value: str) -> None:
    body = f'{{"sql": "SELECT typeof($1) AS kind, $1::VARCHAR AS value", "parameters": [{text}]}}'
    answer = api.post("/api/v1/query", content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["rows"] == [{"kind": kind, "value": value}]


@pytest.mark.parametrize("text", ["340282366920938463463374607431768211456", '[1, "a"]', "[0.5, 9007199254740993]"])
def test_numbers_in_json_without_an_exact_type_are_refused(fruit: Lake, api: httpx.Client, text: str) -> None:
    body = f'{{"sql": "SELECT $1 AS x", "parameters": [{text}]}}'
    answer = api.post("/api/v1/query", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert "Parameter $1" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        ("*/*", "application/json"),
        ("text/*", "text/csv"),
        ("application/x-ndjson;q=0.5, text/csv", "text/csv"),
        ("image/png, application/vnd.apache.arrow.stream;q=0.1", "application/vnd.apache.arrow.stream"),
    ],
)
def test_the_preferred_accepted_format_is_used(api: httpx.Client, accept: str, type_: str) -> None:
    assert run_query(api, "SELECT 1 AS n", accept).headers["Content-Type"] == type_


def test_an_empty_result_is_valid_in_every_format(fruit: Lake, api: httpx.Client) -> None:
    sql = "SELECT id, name FROM fruit WHERE id > 10"
    assert run_query(api, sql).json()["rows"] == []
    assert run_query(api, sql, "application/x-ndjson").content == b""
    assert run_query(api, sql, "text/csv").text.strip() == '"id","name"'
    arrow = run_query(api, sql, "application/vnd.apache.arrow.stream").content
    assert pa.ipc.open_stream(arrow).read_all().schema == FRUIT.schema.remove(2)
    parquet = run_query(api, sql, "application/vnd.apache.parquet").content
    assert pq.read_table(io.BytesIO(parquet)).schema == FRUIT.schema.remove(2)


def test_duplicate_column_names_are_numbered(api: httpx.Client) -> None:
    assert run_query(api, "SELECT 1 AS n, 2 AS n").json()["rows"] == [{"n": 1, "n_1": 2}]


def test_a_query_stops_at_its_timeout(fruit: Lake, api: httpx.Client) -> None:
    sql = "SELECT count(*) FROM range(100000000000) r WHERE r.range % 7 = 3"
    answer = run_query(api, sql, timeout_seconds=0.3)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/query-timeout")


def test_a_role_in_the_body_takes_precedence_over_the_header(fruit: Lake, server: ApiServer) -> None:
    fruit.roles.create("sees_nothing", "reader")
    sql = "SELECT * FROM fruit"
    with server.client() as superuser:
        assert run_query(superuser, sql, role="sees_nothing").status_code == 404
        assert run_query(superuser, sql).status_code == 200
    with server.client(role="sees_nothing") as restricted:
        assert run_query(restricted, sql).status_code == 404
        assert run_query(restricted, sql, role="superadmin").status_code == 200


def test_maps_with_nulls_in_large_results(api: httpx.Client) -> None:
    sql = "SELECT x, CASE WHEN x % 2 = 0 THEN MAP {'a': x} END AS v FROM range(20000) AS r(x) ORDER BY x"
    rows = api.post("/api/v1/query", json={"sql": sql}).json()["rows"]
    assert [row["v"] for row in rows] == [{"a": n} if n % 2 == 0 else None for n in range(20_000)]


def test_intervals_are_no_parquet(api: httpx.Client) -> None:
    sql = {"sql": "SELECT INTERVAL '1 year 2 days' AS v"}
    assert api.post("/api/v1/query", json=sql).json()["rows"] == [{"v": "P12M2DT0S"}]
    refused = api.post("/api/v1/query", json=sql, headers={"Accept": "application/vnd.apache.parquet"})
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/invalid-input")
