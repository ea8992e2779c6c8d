"""`POST …/rows`: all formats, and invalid requests, which change nothing."""

from __future__ import annotations

import gzip
import io
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable import Lake
from tests.support.api.server import TOKEN, ApiServer

PATH = "/api/v1/supertables/main/tables/orders/rows"
SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        ("name", pa.string()),
        ("amount", pa.decimal128(10, 2)),
        ("at", pa.timestamp("us", "UTC")),
        ("raw", pa.binary()),
    ]
)
ROWS: list[dict[str, Any]] = [
    {"id": 1, "name": 'Grüße, "x"', "amount": "1.10", "at": "2026-01-01T00:00:00Z", "raw": "AP8="},
    {"id": 2, "name": None, "amount": None, "at": None, "raw": None},
]
CSV = 'id,name,amount,at,raw\n1,"Grüße, ""x""",1.10,2026-01-01T00:00:00Z,AP8=\n2,,,,\n'
LIMITS = {"SUPERTABLE_INGEST_MAX_BYTES": "20000000", "SUPERTABLE_INGEST_MAX_LINE_BYTES": "2000000"}


@pytest.fixture
def limits(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LIMITS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def orders(limits: None, lake: Lake) -> None:
    lake.create_table("orders", SCHEMA, keys=["id"])


def arrow_rows() -> pa.Table:
    import datetime
    from decimal import Decimal

    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    rows = [dict(ROWS[0], amount=Decimal("1.10"), at=at, raw=b"\x00\xff"), ROWS[1]]
    return pa.Table.from_pylist(rows, SCHEMA)


def parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(arrow_rows(), sink)
    return sink.getvalue()


def arrow() -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_table(arrow_rows())
    return sink.getvalue()


def lines(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()


BODIES = {
    "application/json": json.dumps(ROWS).encode(),
    "application/x-ndjson": lines(ROWS),
    "application/jsonl; charset=utf-8": lines(ROWS) + b"\n\n",
    "text/csv": CSV.encode(),
    "text/tab-separated-values": b"id\tname\n1\tx\n2\ty\n",
    "application/vnd.apache.parquet": parquet(),
    "application/vnd.apache.arrow.stream": arrow(),
}


def post(api: httpx.Client, body: Any, kind: str = "application/json", **more: Any) -> httpx.Response:
    headers = {"Content-Type": kind, **more.pop("headers", {})}
    return api.post(PATH, content=body, headers=headers, **more)


def stored(lake: Lake) -> list[dict[str, Any]]:
    return lake.sql("SELECT * FROM orders ORDER BY id").arrow().to_pylist()


def count(lake: Lake) -> int:
    found: int = lake.sql("SELECT count(*) AS n FROM orders").arrow().to_pylist()[0]["n"]
    return found


def zstd(data: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(data, asbytes=True))


@pytest.mark.parametrize("encoding", [None, "gzip", "zstd"])
@pytest.mark.parametrize("kind", BODIES)
def test_every_format_plain_and_compressed(api: httpx.Client, lake: Lake, kind: str, encoding: str | None) -> None:
    plain = BODIES[kind]
    body = {None: plain, "gzip": gzip.compress(plain), "zstd": zstd(plain)}[encoding]
    answer = post(api, body, kind, headers={"Content-Encoding": encoding} if encoding else {})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith("/api/v1/supertables/main/tables/orders/versions/2")
    result = answer.json()
    assert (result["version"], result["rows_inserted"], result["rows_updated"], result["replayed"]) == (2, 2, 0, False)
    if kind == "text/tab-separated-values":
        assert [row["name"] for row in stored(lake)] == ["x", "y"]
    else:
        assert stored(lake) == arrow_rows().to_pylist()


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson", "text/csv"])
def test_large_bodies_are_streamed_through_a_file(api: httpx.Client, lake: Lake, kind: str) -> None:
    rows = [{"id": n, "name": "x" * 50} for n in range(50_000)]
    text = {
        "application/json": lambda: json.dumps(rows).encode(),
        "application/x-ndjson": lambda: lines(rows),
        "text/csv": lambda: ("id,name\n" + "".join(f"{row['id']},{row['name']}\n" for row in rows)).encode(),
    }[kind]()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(text), 100_000):
            yield text[start : start + 100_000]

    assert post(api, pieces(), kind).json()["rows_inserted"] == 50_000
    assert count(lake) == 50_000


def test_many_bodies_below_the_memory_limit_are_written(server: ApiServer, lake: Lake) -> None:
    body = json.dumps([{"id": n, "name": "x" * 100} for n in range(7_000)]).encode()
    with ThreadPoolExecutor(24) as pool, server.client() as api:
        answers = list(pool.map(lambda _: post(api, body, params={"mode": "upsert"}), range(24)))
    assert [answer.status_code for answer in answers] == [201] * 24
    assert sum(answer.json()["rows_inserted"] for answer in answers) == count(lake) == 7_000
    assert sum(answer.json()["rows_updated"] for answer in answers) == 23 * 7_000


def test_one_object_is_one_row(api: httpx.Client, lake: Lake) -> None:
    assert post(api, b'{"id": 7}').json()["rows_inserted"] == 1
    assert count(lake) == 1


def test_append_upsert_and_overwrite(api: httpx.Client, lake: Lake) -> None:
    post(api, json.dumps(ROWS))
    partial = post(api, b'[{"id": 1, "name": "new"}, {"id": 3, "name": "third"}]', params={"mode": "upsert"}).json()
    assert (partial["rows_inserted"], partial["rows_updated"]) == (1, 1)
    assert [(row["name"], row["raw"]) for row in stored(lake)] == [("new", b"\x00\xff"), (None, None), ("third", None)]
    part = post(api, b'[{"id": 2, "name": "two"}]', params={"mode": "overwrite", "where": "id >= 2"}).json()
    assert (part["rows_inserted"], part["rows_deleted"]) == (1, 2)
    whole = post(api, b'[{"id": 9}]', params={"mode": "overwrite"}).json()
    assert (whole["version"], count(lake)) == (5, 1)


def test_evolve_adds_columns(api: httpx.Client, lake: Lake) -> None:
    body = b'[{"id": 1, "new": "2026-01-01", "amount": 2.5}]'
    refused = post(api, body)
    assert (refused.status_code, refused.json()["type"]) == (400, "/problems/incompatible-schema")
    assert post(api, body, params={"evolve": "true"}).status_code == 201
    assert str(lake.table("orders").schema.field("new").type) == "date32[day]"


def test_a_repeated_idempotency_key_returns_the_first_result(api: httpx.Client, lake: Lake) -> None:
    key = {"Idempotency-Key": "once"}
    first = post(api, b'{"id": 1}', headers=key)
    assert post(api, b'{"id": 1}', headers=key).json() == {**first.json(), "replayed": True}
    for kind, body in (("application/json", b'{"id": 2}'), ("text/csv", b"id\n1\n")):
        assert post(api, body, kind, headers=key).status_code == 422
    assert count(lake) == 1


def test_a_missing_table_is_not_created(api: httpx.Client) -> None:
    answer = api.post(PATH.replace("orders", "others"), json=ROWS)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/table-not-found")


def test_concurrent_writes_fail_independently(server: ApiServer, lake: Lake) -> None:
    """Every tenth row is invalid. Each caller gets only its own errors, and acknowledged rows are stored."""

    def calls(caller: int) -> list[tuple[int, int]]:
        with server.client() as api:
            made = []
            for n in range(20):
                number = caller * 100 + n
                bad = number % 10 == 0
                answer = post(api, json.dumps({"id": "x" if bad else number}), headers={"Idempotency-Key": f"{number}"})
                assert answer.status_code == (400 if bad else 201), answer.text
                if not bad:
                    assert answer.json()["rows_inserted"] == 1
                    made.append((number, answer.json()["version"]))
            return made

    with ThreadPoolExecutor(16) as pool:
        made = [one for found in pool.map(calls, range(16)) for one in found]
    assert sorted(number for number, _ in made) == [row["id"] for row in stored(lake)]
    assert lake.table("orders").info().version - 1 == len({version for _, version in made}) < len(made)


BAD: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("application/json", b"", {}, 400, "not valid JSON"),
    ("application/x-ndjson", b"", {}, 400, "there are none"),
    ("text/csv", b"", {}, 400, "empty"),
    ("application/vnd.apache.parquet", b"", {}, 400, "empty"),
    ("application/vnd.apache.arrow.stream", b"", {}, 400, "empty"),
    ("application/json", b"[]", {}, 400, "there are none"),
    ("text/csv", b"id,name\n", {}, 400, "there are none"),
    ("application/json", b'[{"id": 1}, {"id": "two"}]', {}, 400, "row 2: expected int, got str"),
    ("application/json", b'[{"id": 1}, {"id": null}]', {}, 400, "row 2: expected int, got null"),
    ("application/json", b'[{"name": "x"}]', {}, 400, "'id'"),
    ("application/json", b'[{"id": 1, "id": 2}]', {}, 400, "the key 'id' occurs twice"),
    ("application/x-ndjson", b'{"id": 1}\n{"id": 1, "id": 2}', {}, 400, "row 2: the key 'id' occurs twice"),
    (
        "application/json",
        b'[{"id": 1, "amount": "1.234"}]',
        {},
        400,
        "row 1: the value does not fit decimal(10,2)",
    ),
    ("application/json", b'[{"id": 1}', {}, 400, "not valid JSON"),
    ("application/json", b'[{"id": 1, "name": "\xff"}]', {}, 400, "not UTF-8"),
    ("application/json", b"[" * 50_000, {}, 400, "row 1"),
    ("application/x-ndjson", b'{"id": 1}\n{"id": 2', {}, 400, "not valid JSON"),
    ("application/x-ndjson", b'{"id": 1, "name": "' + b"x" * 3_000_000, {}, 400, "longer than 2,000,000 bytes"),
    ("text/csv", b"id,name\n1,x\ntwo,y\n", {}, 400, "line 3: column 'id'"),
    ("text/csv", b"id,name\n1,\xff\n", {}, 400, "not UTF-8"),
    ("text/csv", b"id,nothing\n1,2\n", {}, 400, "'nothing'"),
    ("text/csv", b"id,raw\n1,?\n", {}, 400, "line 2: column 'raw': '?' does not fit"),
    ("application/vnd.apache.parquet", parquet()[:-20], {}, 400, "damaged, or is not parquet"),
    ("application/vnd.apache.parquet", parquet()[:60], {}, 400, "damaged, or is not parquet"),
    ("application/vnd.apache.parquet", b"id\n1\n", {}, 400, "damaged, or is not parquet"),
    ("application/vnd.apache.arrow.stream", arrow()[:-30], {}, 400, "damaged"),
    ("application/vnd.apache.arrow.stream", arrow()[:50], {}, 400, "damaged, or is not arrow"),
    ("application/xml", b"<id>1</id>", {}, 415, "Content-Type"),
    ("application/json; charset=latin-1", b"[]", {}, 415, "UTF-8"),
    ("application/json", b"[]", {"Content-Encoding": "br"}, 415, "gzip or zstd"),
    ("application/json", b'[{"id": 1}]', {"Content-Encoding": "gzip"}, 400, "damaged"),
    ("application/json", gzip.compress(b'[{"id": 1}]')[:-9], {"Content-Encoding": "gzip"}, 400, "cut off"),
    ("application/json", zstd(b'[{"id": 1}]' * 50)[:-4], {"Content-Encoding": "zstd"}, 400, "Cannot read the rows"),
    ("application/x-ndjson", gzip.compress(b" " * 30_000_000), {"Content-Encoding": "gzip"}, 400, "unpacks to more"),
    ("text/csv", zstd(b"0" * 60_000_000), {"Content-Encoding": "zstd"}, 400, "unpacks to more"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad[0]}-{bad[4]}")
def test_invalid_bodies_are_explained_and_change_nothing(
    api: httpx.Client, lake: Lake, bad: tuple[str, bytes, dict[str, str], int, str]
) -> None:
    kind, body, headers, status, expected = bad
    answer = post(api, body, kind, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    detail = answer.json()["detail"]
    assert expected in detail
    assert "/tmp" not in detail
    assert "--" not in detail
    assert lake.table("orders").info().version == 1
    temporary = lake.settings.home / "temporary"
    assert not [path for path in temporary.rglob("*") if path.is_file()] if temporary.exists() else True


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_is_refused(api: httpx.Client, lake: Lake, announced: bool) -> None:
    body = b'{"id": 1}\n' * 2_100_000
    answer = post(api, body if announced else iter([body]), "application/x-ndjson")
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/content-too-large")
    assert lake.table("orders").info().version == 1


def send_raw_request(server: ApiServer, head: str, body: bytes) -> bytes:
    """Send the request as it is, close the sending side, and return the response."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        text = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n{head}\r\n\r\n"
        connection.sendall(text.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while chunk := connection.recv(65_536):
            found += chunk
        return found


JSON = "Content-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (JSON + "Content-Length: 1000", b'{"id": 1}'),
        (JSON + "Transfer-Encoding: chunked", b"9\r\n" + b'{"id": 1}' + b"\r\n"),
        (JSON + "Transfer-Encoding: chunked", b"FF\r\n" + b'{"id": 1}'),
        (JSON + "Transfer-Encoding: chunked", b"zz\r\n" + b'{"id": 1}' + b"\r\n0\r\n\r\n"),
        (JSON + "Content-Length: 5", b'{"id": 1}'),
        (JSON + "Content-Length: -1", b'{"id": 1}'),
        (JSON + "Content-Length: 9\r\nContent-Length: 3", b'{"id": 1}'),
    ],
)
def test_a_wrong_length_writes_nothing(server: ApiServer, lake: Lake, head: str, body: bytes) -> None:
    answer = send_raw_request(server, head, body)
    assert b" 201 " not in answer
    time.sleep(0.1)
    assert lake.table("orders").info().version == 1


def test_a_slow_client_does_not_delay_others(server: ApiServer, lake: Lake) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n{JSON}Content-Length: 9\r\n\r\n"
        slow.sendall(head.encode() + b'{"id"')
        with server.client() as api:
            assert post(api, b'{"id": 2}').status_code == 201
        slow.sendall(b": 1}")
        assert b" 201 " in slow.recv(65_536)
    assert count(lake) == 2


def test_rows_are_deleted_by_condition_or_keys(api: httpx.Client, lake: Lake) -> None:
    path = PATH.replace("/rows", "/deletions")
    post(api, json.dumps([{"id": n, "raw": "AP8="} for n in range(6)]))
    found = api.post(path, json={"where": "id < 2", "reason": "asked for"}, headers={"Idempotency-Key": "gone"})
    assert (found.status_code, found.json()["rows_deleted"]) == (201, 2)
    again = api.post(path, json={"where": "id < 2", "reason": "asked for"}, headers={"Idempotency-Key": "gone"})
    assert again.json() == {**found.json(), "replayed": True}
    assert api.post(path, json={"keys": [{"id": 2}, {"id": 99}, {"id": 2}]}).json()["rows_deleted"] == 1
    assert [row["id"] for row in stored(lake)] == [3, 4, 5]
    assert [stone.reason for stone in lake.table("orders").tombstones()] == ["", "asked for"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"where": "id = 1", "keys": [{"id": 1}]},
        {"where": "no such column = 1"},
        {"where": "id = (SELECT 1)"},
        {"keys": []},
        {"keys": [{"id": "x"}]},
        {"keys": [{"id": 1, "name": "x"}]},
        {"keys": [{}]},
        {"where": "id = 1", "what": 1},
    ],
)
def test_invalid_deletions_change_nothing(api: httpx.Client, lake: Lake, body: dict[str, Any]) -> None:
    answer = api.post(PATH.replace("/rows", "/deletions"), json=body)
    assert answer.status_code == 400, answer.text
    assert lake.table("orders").info().version == 1
