"""Damaged, inconsistent and hostile requests: each is refused, changes nothing, and affects no other request."""

from __future__ import annotations

import gzip
import io
import json
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from supertable import Lake
from tests.support.api.actors import TABLES
from tests.support.api.server import TOKEN, ApiServer
from tests.support.api.service import TOKEN as SERVICE_TOKEN
from tests.support.api.service import ApiService
from tests.support.budgets import BUDGET, todays
from tests.support.budgets import chance as random_choices

ROWS = f"{TABLES}/orders/rows"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"
NDJSON = "application/x-ndjson"
JSON = {"Content-Type": "application/json"}
ORDERS = pa.table({"id": range(1, 501), "name": [f"name {number}" for number in range(1, 501)]})
LINES = "".join(json.dumps(row) + "\n" for row in ORDERS.to_pylist()).encode()
SECRETS = ("Traceback", "/tmp", ".py", "hidden", "site-packages", "default/")


@pytest.fixture(autouse=True)
def orders(lake: Lake) -> None:
    lake.create_table("orders", ORDERS.schema, keys=["id"])
    lake.create_table("hidden", ORDERS.schema)


def assert_refused(answer: httpx.Response, what: object = "") -> None:
    """Assert that the response is a problem document without internal details."""
    assert 400 <= answer.status_code < 500, (what, answer.status_code, answer.text[:500])
    assert answer.headers["Content-Type"] == "application/problem+json", what
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    assert not [secret for secret in SECRETS if secret in answer.text], (what, answer.text)


def versions(lake: Lake) -> dict[str, int]:
    """The version of each table. Any change of a table makes a new version."""
    return {info.name: info.version for info in lake.tables()}


def encoded_orders(kind: str) -> bytes:
    sink = io.BytesIO()
    if kind == PARQUET:
        pq.write_table(ORDERS, sink, row_group_size=100)
    else:
        with pa.ipc.new_stream(sink, ORDERS.schema) as writer:
            writer.write_table(ORDERS, max_chunksize=100)
    return sink.getvalue()


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_truncated_files_are_refused(api: httpx.Client, lake: Lake, kind: str, encoding: str) -> None:
    whole = gzip.compress(encoded_orders(kind)) if encoding else encoded_orders(kind)
    rng = random_choices("hostile requests")
    for end in [
        0,
        1,
        8,
        len(whole) - 9,
        len(whole) - 1,
        *(rng.randrange(len(whole)) for _ in range(BUDGET.damaged_bodies)),
    ]:
        answer = api.post(ROWS, content=whole[:end], headers={"Content-Type": kind, "Content-Encoding": encoding})
        assert_refused(answer, end)
    assert versions(lake) == {"hidden": 1, "orders": 1}
    assert api.post(ROWS, content=whole, headers={"Content-Type": kind, "Content-Encoding": encoding}).is_success


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """The bytes with some of them changed, removed, doubled or inserted."""
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(whole))
        end = start + rng.choice([1, 1, 4, 64])
        piece = rng.choice([b"", rng.randbytes(end - start), whole[start:end] * 2, b"\x00", b"\xff\xfe", b"\n"])
        whole = whole[:start] + piece + whole[end:]
    return whole


@pytest.mark.parametrize("kind", [PARQUET, ARROW, NDJSON, "application/json", "text/csv"])
def test_damaged_rows_are_refused_or_written_completely(api: httpx.Client, lake: Lake, kind: str) -> None:
    """Damaged bytes may still be valid rows, and are then written. Refused bodies change nothing."""
    as_json = json.dumps(ORDERS.to_pylist()).encode()
    as_csv = b"id,name\n" + b"".join(f"{row['id']},{row['name']}\n".encode() for row in ORDERS.to_pylist())
    whole = {NDJSON: LINES, "application/json": as_json, "text/csv": as_csv}.get(kind) or encoded_orders(kind)
    rng = random_choices("hostile requests")
    version = 1
    for turn in range(2 * BUDGET.damaged_bodies):
        answer = api.post(ROWS, content=damaged(whole, rng), headers={"Content-Type": kind})
        if answer.is_success:
            version += 1
        else:
            assert_refused(answer, turn)
        assert versions(lake) == {"hidden": 1, "orders": version}
    assert version < BUDGET.damaged_bodies


DEEP = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
NOT_OBJECTS = [
    b"",
    b"null",
    b"true",
    b"7",
    b'"text"',
    b"[]",
    b"[[]]",
    b"{",
    b"}",
    b"{}x",
    b"nul",
    b"\xef\xbb\xbf{}",
    DEEP,
]
INVALID_VALUES = [
    b"1e999",
    b"NaN",
    b"-Infinity",
    b"'x'",
    b'"\xff\xfe"',
    b'"\\ud800"',
    b'"\x00"',
    b'"\\u0000"',
    b"9" * 5_000,
]
INVALID_VALUES += [b"[" * 5_000 + b"]" * 5_000, b"0x10", b"01", b"{}", b"[{}]", b"[null]", b'""', b"-1", b"1.5"]


def json_operations(api: httpx.Client) -> list[tuple[str, str, dict[str, Any]]]:
    """The method, path and body schema of each operation that takes JSON."""
    document = api.get("/api/v1/openapi.json").json()
    found = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body and "$ref" in body["schema"]:
                schema = document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
                found.append((method, path.replace("{supertable}", "main").replace("{table}", "orders"), schema))
    return found


def wrong_bodies(schema: dict[str, Any]) -> Iterator[bytes]:
    yield from [*NOT_OBJECTS, DEEP]
    yield b'{"no_such_field": 1}'
    for name in schema.get("properties", {}):
        for value in INVALID_VALUES:
            yield b'{"%s": %s, "no_such_field": 1}' % (name.encode(), value)


def test_invalid_json_bodies_are_refused(api: httpx.Client, lake: Lake) -> None:
    """Each field of each operation that takes JSON. An unknown field makes every body invalid."""
    sent = 0
    operations = json_operations(api)
    for method, path, schema in operations:
        for body in wrong_bodies(schema):
            if body in {b"", b"null"} and not schema.get("required"):
                continue  # an empty edit is valid
            assert_refused(api.request(method, path, content=body, headers=JSON), (method, path, body[:100]))
            sent += 1
    assert len(operations) > 20
    print(f"\n{sent:,} invalid bodies to {len(operations)} operations")
    assert versions(lake) == {"hidden": 1, "orders": 1}
    assert [user.name for user in lake.users.list()] == []
    assert api.get("/api/v1/whoami").is_success


INVALID_ROWS = [
    b'{"id": %s}' % (b"9" * 5_000),
    b'{"id": 1e999}',
    b'{"id": 9223372036854775808}',
    b'{"id": 1.5}',
    b'{"id": NaN}',
    b'{"id": true}',
    b'{"id": "1"}',
    b'{"id": [1]}',
    b'{"id": 1, "id": "x"}',
    b'{"id": 1, "name": "\\ud800"}',
    b'{"id": 1, "name": "\xc3\x28"}',
    b'{"id": 1, "name": "\x00"}',
    b'{"id": 1, "name": ' + b"[" * 3_000 + b"]" * 3_000 + b"}",
    b'{"id": 1, "other": 1}',
    b'{"id": 1}, {"id": 2}',
    b"\x1f\x8b\x08",
    b"\xff\xfe{\x00}\x00",
]


@pytest.mark.parametrize("kind", ["application/json", NDJSON])
def test_invalid_rows_are_refused(api: httpx.Client, lake: Lake, kind: str) -> None:
    for row in INVALID_ROWS:
        assert_refused(api.post(ROWS, content=row, headers={"Content-Type": kind}), row[:60])
    assert versions(lake) == {"hidden": 1, "orders": 1}


def send_raw(server: ApiServer, data: bytes, ends: bool = True) -> bytes:
    """Send the bytes as they are, and return the response. `ends`: close the sending side after them."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        found = b""
        try:
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65_536):
                found += chunk
        except OSError:
            pass  # the server may close the connection early
        return found


def request_head(path: bytes = ROWS.encode(), more: bytes = b"", method: bytes = b"POST") -> bytes:
    sign_in = b"Host: x\r\nConnection: close\r\nAuthorization: Bearer " + TOKEN.encode()
    return method + b" " + path + b" HTTP/1.1\r\n" + sign_in + b"\r\n" + more + b"\r\n"


ROW = b'{"id": 1}'
JSON_HEADERS = b"Content-Type: application/json\r\nContent-Length: 9\r\n"
RAW_REQUESTS = {
    "no HTTP": b"\x00\xff" * 500,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an old version": b"POST " + ROWS.encode() + b" HTTP/0.9\r\n\r\n",
    "only a newline": b"\r\n" * 100,
    "an unknown method": request_head(more=JSON_HEADERS, method=b"FROB") + ROW,
    "a NUL in the method": request_head(more=JSON_HEADERS, method=b"PO\x00ST") + ROW,
    "TRACE": request_head(method=b"TRACE"),
    "CONNECT": request_head(method=b"CONNECT"),
    "no host": b"POST " + ROWS.encode() + b" HTTP/1.1\r\n" + JSON_HEADERS + b"\r\n" + ROW,
    "a header of 1 MB": request_head(more=b"X-Long: " + b"x" * 1_000_000 + b"\r\n" + JSON_HEADERS) + ROW,
    "10,000 headers": request_head(more=b"X-A: b\r\n" * 10_000 + JSON_HEADERS) + ROW,
    "a bare line feed in a header": request_head(more=b"X-A: b\nX-C: d\r\nContent-Length: x\r\n") + ROW,
    "a NUL in a header": request_head(more=b"X-A: \x00\r\n" + JSON_HEADERS) + ROW,
    "a header folded": request_head(more=b"X-A: b\r\n c\r\n" + JSON_HEADERS) + ROW,
    "a space before the colon": request_head(more=b"Content-Length : 9\r\n" + JSON_HEADERS) + ROW,
    "two lengths": request_head(more=b"Content-Length: 0\r\n" + JSON_HEADERS) + ROW,
    "a length and chunks": request_head(more=b"Transfer-Encoding: chunked\r\n" + JSON_HEADERS) + b"0\r\n\r\n",
    "an unknown transfer encoding": request_head(more=b"Transfer-Encoding: gzip, chunked\r\n") + b"0\r\n\r\n",
    "a hexadecimal length": request_head(more=b"Content-Type: application/json\r\nContent-Length: 0x9\r\n") + ROW,
    "a length beyond 64 bits": request_head(more=b"Content-Type: application/json\r\nContent-Length: %d\r\n" % 2**70)
    + ROW,
    "a length of 1 EB": request_head(more=b"Content-Type: application/json\r\nContent-Length: %d\r\n" % 2**60) + ROW,
    "a chunk of 64 bits": request_head(more=b"Transfer-Encoding: chunked\r\n") + b"ffffffffffffffff\r\n" + ROW,
    "a chunk without its end": request_head(more=b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n")
    + b"9\r\n"
    + ROW,
    "a missing body": request_head(more=JSON_HEADERS),
    "half a body": request_head(more=JSON_HEADERS) + ROW[:4],
    "an invalid media type": request_head(more=b"Content-Type: \xff;;==\r\nContent-Length: 9\r\n") + ROW,
    "two content encodings": request_head(more=b"Content-Encoding: gzip, gzip\r\n" + JSON_HEADERS) + ROW,
    "an invalid host": request_head().replace(b"Host: x", b"Host: \xff/../@") + ROW,
    "an invalid organization": request_head(more=b"X-Supertable-Organization: ../other\r\n" + JSON_HEADERS) + ROW,
    "an unknown organization": request_head(more=b"X-Supertable-Organization: other\r\n" + JSON_HEADERS) + ROW,
    "an invalid role": request_head(more=b"X-Supertable-Role: ../\xff\r\n" + JSON_HEADERS) + ROW,
    "a key that is too long": request_head(more=b"Idempotency-Key: " + b"k" * 10_000 + b"\r\n" + JSON_HEADERS) + ROW,
}


def test_malformed_http_is_refused(server: ApiServer, lake: Lake) -> None:
    """Each is refused or cut off, nothing is written, and the next request is answered."""
    with server.client() as api:
        for version, (name, sent) in enumerate(RAW_REQUESTS.items(), 1):
            answer = send_raw(server, sent)
            status = answer[9:12]
            assert not answer or status[:1] == b"4" or status == b"505", (name, answer[:300])
            assert not [secret for secret in SECRETS if secret.encode() in answer], (name, answer)
            assert versions(lake) == {"hidden": 1, "orders": version}, name
            assert api.post(ROWS, json={"id": 1}).status_code == 201, name


PATHS = [
    "/%00",
    "/..%2f..%2fetc/passwd",
    "/api/v1/../../metrics/..",
    "/api/v1/supertables/%2e%2e/tables",
    "/api/v1/supertables/main/tables/..%2f..%2fhidden",
    "/api/v1/supertables/main/tables/%2e%2e%2fhidden/rows",
    "/api/v1/supertables/main/tables/orders%00/rows",
    "/api/v1/supertables/main/tables/orders%ff/rows",
    "/api/v1/supertables/main/tables/ord\u0435rs/rows",
    "/api/v1/supertables/main/tables/%F0%9F%92%A9",
    "/api/v1/supertables/main/tables/" + "x" * 5_000,
    "/api/v1/supertables/main/tables/" + "%41" * 5_000,
    "/api/v1/supertables/main/tables/'; DROP TABLE orders; --",
    "/api/v1/supertables/main/tables/orders/versions/99999999999999999999999999",
    "/api/v1/supertables/main/tables/orders/versions/-1",
    "/api/v1/supertables/main/tables/orders/versions/%00",
    "/api/v1/supertables/main/tables/orders/tags/%2e%2e",
    "/api/v1/supertables/main/tables/orders/rows?limit=1e99",
    "/api/v1/supertables/main/tables?cursor=" + "A" * 1_500,
    "/api/v1/supertables/main/tables?cursor=%00%ff",
    "/api/v1/jobs/../../etc",
    "/api/v1/jobs/%2e%2e%2f%2e%2e",
    "/api/v1/queries/" + "0" * 3_000 + "/results",
    "/api/v1/users/%00",
    "/api/v1/roles/..%5c..%5c",
    "/api/v1/docs/assets/..%2f..%2f..%2fapp.py",
    "/api/v1/docs/assets/%2e%2e/%2e%2e/description.py",
    "/problems/..%2f..%2fetc",
]


def test_unknown_paths_are_problems(server: ApiServer) -> None:
    """Paths are sent as they are, because HTTP clients normalize them."""
    for path in PATHS:
        sent = path.replace(" ", "%20").encode()
        answer = send_raw(server, request_head(sent, method=b"GET"), ends=False)
        before, _, body = answer.partition(b"\r\n\r\n")
        assert before[9:10] == b"4", (path, answer[:500])
        assert b"application/problem+json" in before, path
        assert not [secret for secret in SECRETS if secret.encode() in body and secret not in path], (path, body)


@pytest.mark.parametrize("compression", todays([None, "gzip", "zstd"], "long lines"))
def test_a_line_of_1_gb_is_refused_in_bounded_memory(home: Path, tmp_path: Path, compression: str | None) -> None:
    service = ApiService(home, tmp_path / "service", LOG_LEVEL="WARNING")
    try:
        with service.client() as api:
            made = {"name": "lines", "columns": [{"name": "id", "type": "int64"}, {"name": "text", "type": "string"}]}
            assert api.post(TABLES, json=made).status_code == 201
            assert api.post(f"{TABLES}/lines/rows", content=LINES.replace(b"name", b"text")).status_code == 415
            before = _memory(service)
            sent, answer, seconds = _send_long_line(service, compression)
            grown = _memory(service) - before
            print(
                f"\n{compression}: {sent / 1e6:,.0f} MB were sent; {grown / 1e6:,.0f} MB more memory; {seconds:.1f} s"
            )
            assert b" 400 " in answer.split(b"\r\n")[0], answer[:500]
            assert api.get(f"{TABLES}/lines").json()["version"] == 1
            assert api.post(f"{TABLES}/lines/rows", json={"id": 1}).status_code == 201
    finally:
        service.stop()
    assert grown < 200e6
    assert compression or sent < 100e6, "refused early"


def _memory(service: ApiService) -> int:
    process = psutil.Process(service.process.pid)
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)])


def _send_long_line(service: ApiService, compression: str | None) -> tuple[int, bytes, float]:
    """Send the line. Returns the bytes that were sent, the response, and the seconds."""
    pieces = _long_line_pieces(compression)
    started = time.monotonic()
    encoding = f"Content-Encoding: {compression}\r\n" if compression else ""
    text = (
        f"POST {TABLES}/lines/rows HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: Bearer {SERVICE_TOKEN}\r\n"
        f"Content-Type: {NDJSON}\r\n{encoding}Transfer-Encoding: chunked\r\n\r\n"
    )
    sent = 0
    with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
        connection.sendall(text.encode())
        try:
            for chunk in pieces:
                connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                sent += len(chunk)
            connection.sendall(b"0\r\n\r\n")
        except OSError:
            pass  # the server has refused it
        answer = connection.recv(65_536)
    return sent, answer, time.monotonic() - started


def _long_line_pieces(compression: str | None) -> list[bytes]:
    """A line of 1 GB in pieces, or compressed in one."""
    pieces = [b'{"id": 1, "text": "', *[b"x" * 1_000_000] * 1_000]
    if compression is None:
        return pieces
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, compression) as packing:
        for piece in pieces:
            packing.write(piece)
    return [sink.getvalue().to_pybytes()]
