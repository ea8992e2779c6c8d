"""Uploads that create tables, and rows that are left out."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import supertable
from supertable import Lake
from tests.support.api.actors import TABLES, Actors, problem_type_of, run_concurrently
from tests.support.api.server import TOKEN, ApiServer

CSV = {"Content-Type": "text/csv"}
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
        with supertable.connect(tmp_path_factory.mktemp("uploads")) as lake:
            yield lake


@pytest.fixture(scope="module")
def server(lake: Lake) -> Iterator[ApiServer]:
    server = ApiServer(lake._container)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def api(server: ApiServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def post(client: httpx.Client, table: str, body: str | bytes, headers: dict[str, str], **given: Any) -> httpx.Response:
    return client.post(f"{TABLES}/{table}/rows", content=body, headers=headers, params=given)


def parquet_of(data: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(data, sink)
    return sink.getvalue()


def rows(lake: Lake, table: str) -> list[dict[str, Any]]:
    return lake.sql(f"SELECT * FROM {table} ORDER BY ALL").arrow().to_pylist()


def test_an_upload_creates_the_table_as_a_load_does(api: httpx.Client, lake: Lake) -> None:
    answer = post(
        api, "made", "id,price,zip\n1,1.50,01234\n2,,00001\n", CSV, create="true", keys="id", type="price=decimal(9,2)"
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith("/tables/made/versions/2")
    assert rows(lake, "made") == [
        {"id": 1, "price": Decimal("1.50"), "zip": "01234"},
        {"id": 2, "price": None, "zip": "00001"},
    ]
    assert lake.table("made").info().keys == ["id"]
    again = post(api, "made", "id,price,zip\n2,7,x\n", CSV, create="true", keys="id", mode="upsert")
    assert (again.status_code, again.json()["rows_updated"]) == (201, 1)


def test_an_upload_lays_out_the_table_that_it_creates(api: httpx.Client, lake: Lake) -> None:
    layout = {"partition_by": ["year(day)", "bucket(4, id)"], "sort_by": ["id DESC", "day"]}
    for _ in range(2):
        assert post(api, "laid_out", "id,day\n1,2024-01-01\n", CSV, create="true", **layout).status_code == 201
    info = lake.table("laid_out").info()
    assert (info.partition_by, info.sort_by) == (["year(day)", "bucket(4, id)"], ["id DESC", "day"])
    answer = post(api, "laid_out", "id,day\n1,2024-01-01\n", CSV, create="true", sort_by="id")
    assert (answer.status_code, len(rows(lake, "laid_out"))) == (400, 2)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ('{"id": 1, "tags": ["a"]}\n', NDJSON),
        ('[{"id": 1, "tags": ["a"]}]', JSON),
        (None, {"Content-Type": "application/vnd.apache.arrow.stream"}),
    ],
    ids=["ndjson", "json", "arrow"],
)
def test_every_format_creates_a_table(
    api: httpx.Client, lake: Lake, request: pytest.FixtureRequest, body: str | None, headers: dict[str, str]
) -> None:
    name = f"made_of_{request.node.callspec.id}"
    if body is None:
        sink = pa.BufferOutputStream()
        data = pa.table({"id": [1], "tags": [["a"]]})
        with pa.ipc.new_stream(sink, data.schema) as writer:
            writer.write_table(data)
        content: str | bytes = sink.getvalue().to_pybytes()
    else:
        content = body
    assert post(api, name, content, headers, create="true").status_code == 201
    assert rows(lake, name) == [{"id": 1, "tags": ["a"]}]


def test_a_repeated_creation_replays_the_first(api: httpx.Client, lake: Lake) -> None:
    headers = {**CSV, "Idempotency-Key": "first"}
    first, again = (post(api, "replayed", "id\n1\n", headers, create="true") for _ in range(2))
    assert (first.json()["replayed"], again.json()["replayed"]) == (False, True)
    assert first.json()["version"] == again.json()["version"]
    assert rows(lake, "replayed") == [{"id": 1}]
    assert post(api, "replayed", "id\n2\n", headers, create="true").status_code == 422


def test_of_creations_at_once_all_write(api: httpx.Client, lake: Lake, server: ApiServer) -> None:
    def create(number: int) -> int:
        with server.client() as client:
            return post(client, "raced", f"id\n{number}\n", CSV, create="true").status_code

    assert run_concurrently(4, create) == [201] * 4
    assert rows(lake, "raced") == [{"id": number} for number in range(4)]


REFUSED: tuple[tuple[str, str, dict[str, str], dict[str, str], int], ...] = (
    ("missing", "id\n1\n", CSV, {}, 404),
    ("missing", "id\n1\n", CSV, {"keys": "id"}, 400),
    ("missing", "id\n1\n", CSV, {"partition_by": "id"}, 400),
    ("missing", "id\n1\n", CSV, {"create": "true", "partition_by": "day(id)"}, 400),
    ("missing", "id\n1\n", CSV, {"create": "true", "keys": "nothing"}, 400),
    ("missing", "id\n1\n", CSV, {"create": "true", "where": "id = 1", "mode": "overwrite"}, 400),
    ("missing", "id\n1\n", CSV, {"create": "true", "mode": "upsert"}, 400),
    ("missing", "id\n1\n", CSV, {"create": "true", "type": "id"}, 400),
    ("missing", "id\n1\n", CSV, {"create": "true", "type": "other=string"}, 400),
    ("missing", "id\n1\n", CSV, {"create": "true", "encoding": "klingon"}, 400),
    ("missing", '{"id": 1}', JSON, {"create": "true", "delimiter": ";"}, 400),
    ("missing", "", CSV, {"create": "true"}, 400),
    ("main", "id\n1\n", CSV, {"create": "true"}, 409),
    ("a-b", "id\n1\n", CSV, {"create": "true"}, 400),
)


@pytest.mark.parametrize(("table", "body", "headers", "given", "status"), REFUSED, ids=lambda part: str(part)[:50])
def test_what_cannot_be_created_is_refused(
    api: httpx.Client, lake: Lake, table: str, body: str, headers: dict[str, str], given: dict[str, str], status: int
) -> None:
    answer = post(api, table, body, headers, **given)
    assert answer.status_code == status, answer.text
    assert table not in [info.name for info in lake.tables()]


def test_rights_are_checked_before_the_rows_are_read(server: ApiServer, lake: Lake) -> None:
    actors = Actors(lake, server)
    lake.create_table_from("hidden", pa.table({"id": [1]}))
    lake.create_table_from("t_open", pa.table({"id": [1]}))
    for actor, table, status in (
        ("admin", "t_made", 201),
        ("writer", "t_open", 201),
        ("writer", "t_other", 403),
        ("writer", "hidden", 403),
        ("reader", "t_open", 403),
        ("outsider", "t_new", 403),
    ):
        path = f"{TABLES}/{table}/rows?create=true"
        body = "id\nnot a number\n" if status == 403 else "id\n2\n"
        answer = actors.call(actor, "POST", path, content=body, headers=CSV)
        assert answer.status_code == status, (actor, table, answer.text)
    actors.close()
    assert rows(lake, "hidden") == [{"id": 1}]


REJECTING = (
    ("csv", "id,v\n1,1.5\nx,2\n3,4\n", CSV, [("line 3", "id", "x")]),
    ("ndjson", '{"id": 1, "v": 1.5}\n{"id": "x", "v": 2}\n{"id": 3, "v": 4}\n', NDJSON, [("row 2", "id", None)]),
    ("json", '[{"id": 1, "v": 1.5}, {"id": "x", "v": 2}, {"id": 3, "v": 4}]', JSON, [("row 2", "id", None)]),
)


@pytest.mark.parametrize(("name", "body", "headers", "places"), REJECTING, ids=[each[0] for each in REJECTING])
def test_rows_that_do_not_fit_are_left_out_on_demand(
    api: httpx.Client,
    lake: Lake,
    name: str,
    body: str,
    headers: dict[str, str],
    places: list[tuple[str, str, str | None]],
) -> None:
    table = f"rejecting_{name}"
    lake.create_table(table, pa.schema([("id", pa.int64()), ("v", pa.float64())]))
    stopped = post(api, table, body, headers)
    assert (stopped.status_code, lake.table(table).info().version) == (400, 1)
    skipped = post(api, table, body, headers, on_error="skip").json()
    assert (skipped["rows_inserted"], skipped["rows_rejected"], skipped["rejects"]) == (2, 1, [])
    answer = post(api, table, body, headers, on_error="rejects", mode="overwrite").json()
    assert (answer["rows_inserted"], answer["rows_rejected"]) == (2, 1)
    for found, (place, column, value) in zip(answer["rejects"], places, strict=True):
        assert (found["place"], found["column"]) == (place, column)
        assert found["reason"]
        assert value is None or found["value"] == value
    assert rows(lake, table) == [{"id": 1, "v": 1.5}, {"id": 3, "v": 4.0}]


def test_a_thousand_rejects_are_returned_at_most(api: httpx.Client, lake: Lake) -> None:
    lake.create_table("many", pa.schema([("id", pa.int64())]))
    body = "id\n1\n" + "x\n" * 1500
    answer = post(api, "many", body, CSV, on_error="rejects").json()
    assert (answer["rows_inserted"], answer["rows_rejected"]) == (1, 1500)
    assert [row["place"] for row in answer["rejects"]] == [f"line {line}" for line in range(3, 1003)]


def test_options_apply_to_tables_that_exist(api: httpx.Client, lake: Lake) -> None:
    lake.create_table("latin", pa.schema([("name", pa.string()), ("n", pa.int32())]))
    body = "name,n\ncaf\u00e9,1\nNA,2\n".encode("latin-1")
    assert post(api, "latin", body, CSV, encoding="latin-1", null="NA").status_code == 201
    text = '{"name": "café", "n": 3}\n'
    assert post(api, "latin", text.encode("latin-1"), NDJSON, encoding="latin-1").status_code == 201
    assert "The option null does not apply to ndjson." in post(api, "latin", text, NDJSON, null="NA").text
    assert post(api, "latin", text, NDJSON, type="nothing=string").status_code == 400
    assert [row["name"] for row in sorted(rows(lake, "latin"), key=lambda row: row["n"])] == [
        "caf\u00e9",
        None,
        "caf\u00e9",
    ]
    parquet = {"Content-Type": "application/vnd.apache.parquet"}
    refused = post(api, "latin", parquet_of(pa.table({"n": [1]})), parquet, on_error="skip")
    assert problem_type_of(refused) == "invalid-input"
    assert "on_error does not apply to parquet" in refused.json()["detail"]
