"""Requests that are damaged, lie or attack: each is refused as a problem, changes nothing and harms no other one."""

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
from tests.support.budgets import BUDGET
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


def refused(answer: httpx.Response, what: object = "") -> None:
    """A problem document that tells nothing of the inside."""
    assert 400 <= answer.status_code < 500, (what, answer.status_code, answer.text[:500])
    assert answer.headers["Content-Type"] == "application/problem+json", what
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    assert not [secret for secret in SECRETS if secret in answer.text], (what, answer.text)


def versions(lake: Lake) -> dict[str, int]:
    """Of all tables; whatever changes one makes a new version of it."""
    return {info.name: info.version for info in lake.tables()}


def packed(kind: str) -> bytes:
    sink = io.BytesIO()
    if kind == PARQUET:
        pq.write_table(ORDERS, sink, row_group_size=100)
    else:
        with pa.ipc.new_stream(sink, ORDERS.schema) as writer:
            writer.write_table(ORDERS, max_chunksize=100)
    return sink.getvalue()


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("kind", [PARQUET, ARROW])
def test_files_that_are_cut_off_anywhere(api: httpx.Client, lake: Lake, kind: str, encoding: str) -> None:
    whole = gzip.compress(packed(kind)) if encoding else packed(kind)
    chance = random_choices("hostile requests")
    for end in [
        0,
        1,
        8,
        len(whole) - 9,
        len(whole) - 1,
        *(chance.randrange(len(whole)) for _ in range(BUDGET.damaged_bodies)),
    ]:
        answer = api.post(ROWS, content=whole[:end], headers={"Content-Type": kind, "Content-Encoding": encoding})
        refused(answer, end)
    assert versions(lake) == {"hidden": 1, "orders": 1}
    assert api.post(ROWS, content=whole, headers={"Content-Type": kind, "Content-Encoding": encoding}).is_success


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, taken out, doubled, or put in."""
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(whole))
        end = start + chance.choice([1, 1, 4, 64])
        piece = chance.choice([b"", chance.randbytes(end - start), whole[start:end] * 2, b"\x00", b"\xff\xfe", b"\n"])
        whole = whole[:start] + piece + whole[end:]
    return whole


@pytest.mark.parametrize("kind", [PARQUET, ARROW, NDJSON, "application/json", "text/csv"])
def test_damaged_rows(api: httpx.Client, lake: Lake, kind: str) -> None:
    """What is damaged may still be rows, and is then written; whatever is refused changes nothing."""
    as_json = json.dumps(ORDERS.to_pylist()).encode()
    as_csv = b"id,name\n" + b"".join(f"{row['id']},{row['name']}\n".encode() for row in ORDERS.to_pylist())
    whole = {NDJSON: LINES, "application/json": as_json, "text/csv": as_csv}.get(kind) or packed(kind)
    chance = random_choices("hostile requests")
    version = 1
    for turn in range(2 * BUDGET.damaged_bodies):
        answer = api.post(ROWS, content=damaged(whole, chance), headers={"Content-Type": kind})
        if answer.is_success:
            version += 1
        else:
            refused(answer, turn)
        assert versions(lake) == {"hidden": 1, "orders": version}
    assert version < BUDGET.damaged_bodies


DEEP = b'{"a":' * 20_000 + b"1" + b"}" * 20_000
NO_OBJECT = [
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
NO_VALUE = [b"1e999", b"NaN", b"-Infinity", b"'x'", b'"\xff\xfe"', b'"\\ud800"', b'"\x00"', b'"\\u0000"', b"9" * 5_000]
NO_VALUE += [b"[" * 5_000 + b"]" * 5_000, b"0x10", b"01", b"{}", b"[{}]", b"[null]", b'""', b"-1", b"1.5"]


def described(api: httpx.Client) -> list[tuple[str, str, dict[str, Any]]]:
    """The method, path and body's schema of everything that takes JSON."""
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
    yield from [*NO_OBJECT, DEEP]
    yield b'{"no_such_field": 1}'
    for name in schema.get("properties", {}):
        for value in NO_VALUE:
            yield b'{"%s": %s, "no_such_field": 1}' % (name.encode(), value)


def test_bodies_that_are_no_such_thing(api: httpx.Client, lake: Lake) -> None:
    """Everything that takes JSON, each of its fields; one unknown field makes wrong what might be right."""
    asked = 0
    takers = described(api)
    for method, path, schema in takers:
        for body in wrong_bodies(schema):
            if body in {b"", b"null"} and not schema.get("required"):
                continue  # an edit may be of nothing
            refused(api.request(method, path, content=body, headers=JSON), (method, path, body[:100]))
            asked += 1
    assert len(takers) > 20
    print(f"\n{asked:,} wrong bodies to {len(takers)} operations")
    assert versions(lake) == {"hidden": 1, "orders": 1}
    assert [user.name for user in lake.users.list()] == []
    assert api.get("/api/v1/whoami").is_success


NO_ROW = [
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
def test_rows_that_are_none(api: httpx.Client, lake: Lake, kind: str) -> None:
    for row in NO_ROW:
        refused(api.post(ROWS, content=row, headers={"Content-Type": kind}), row[:60])
    assert versions(lake) == {"hidden": 1, "orders": 1}


def raw(server: ApiServer, data: bytes, ends: bool = True) -> bytes:
    """What comes back for bytes as they are."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        found = b""
        try:
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65_536):
                found += chunk
        except OSError:
            pass  # cut off while it was sent, which is an answer too
        return found


def head(path: bytes = ROWS.encode(), more: bytes = b"", method: bytes = b"POST") -> bytes:
    sign_in = b"Host: x\r\nConnection: close\r\nAuthorization: Bearer " + TOKEN.encode()
    return method + b" " + path + b" HTTP/1.1\r\n" + sign_in + b"\r\n" + more + b"\r\n"


ROW = b'{"id": 1}'
OF_JSON = b"Content-Type: application/json\r\nContent-Length: 9\r\n"
BY_HAND = {
    "no HTTP": b"\x00\xff" * 500,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an old version": b"POST " + ROWS.encode() + b" HTTP/0.9\r\n\r\n",
    "only a newline": b"\r\n" * 100,
    "a method that nobody knows": head(more=OF_JSON, method=b"FROB") + ROW,
    "a method that is no word": head(more=OF_JSON, method=b"PO\x00ST") + ROW,
    "TRACE": head(method=b"TRACE"),
    "CONNECT": head(method=b"CONNECT"),
    "no host": b"POST " + ROWS.encode() + b" HTTP/1.1\r\n" + OF_JSON + b"\r\n" + ROW,
    "a header of 1 MB": head(more=b"X-Long: " + b"x" * 1_000_000 + b"\r\n" + OF_JSON) + ROW,
    "10,000 headers": head(more=b"X-A: b\r\n" * 10_000 + OF_JSON) + ROW,
    "a bare line feed in a header": head(more=b"X-A: b\nX-C: d\r\nContent-Length: x\r\n") + ROW,
    "a NUL in a header": head(more=b"X-A: \x00\r\n" + OF_JSON) + ROW,
    "a header folded": head(more=b"X-A: b\r\n c\r\n" + OF_JSON) + ROW,
    "a space before the colon": head(more=b"Content-Length : 9\r\n" + OF_JSON) + ROW,
    "two lengths": head(more=b"Content-Length: 0\r\n" + OF_JSON) + ROW,
    "a length and chunks": head(more=b"Transfer-Encoding: chunked\r\n" + OF_JSON) + b"0\r\n\r\n",
    "an encoding unknown": head(more=b"Transfer-Encoding: gzip, chunked\r\n") + b"0\r\n\r\n",
    "a length that is a text": head(more=b"Content-Type: application/json\r\nContent-Length: 0x9\r\n") + ROW,
    "a length beyond 64 bits": head(more=b"Content-Type: application/json\r\nContent-Length: %d\r\n" % 2**70) + ROW,
    "a length of 1 EB": head(more=b"Content-Type: application/json\r\nContent-Length: %d\r\n" % 2**60) + ROW,
    "a chunk of 64 bits": head(more=b"Transfer-Encoding: chunked\r\n") + b"ffffffffffffffff\r\n" + ROW,
    "a chunk without its end": head(more=b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n")
    + b"9\r\n"
    + ROW,
    "a body that never comes": head(more=OF_JSON),
    "half a body": head(more=OF_JSON) + ROW[:4],
    "a type that is no type": head(more=b"Content-Type: \xff;;==\r\nContent-Length: 9\r\n") + ROW,
    "two packings": head(more=b"Content-Encoding: gzip, gzip\r\n" + OF_JSON) + ROW,
    "a host that is none": head().replace(b"Host: x", b"Host: \xff/../@") + ROW,
    "an organization that is none": head(more=b"X-Supertable-Organization: ../other\r\n" + OF_JSON) + ROW,
    "an organization that is not there": head(more=b"X-Supertable-Organization: other\r\n" + OF_JSON) + ROW,
    "a role that is none": head(more=b"X-Supertable-Role: ../\xff\r\n" + OF_JSON) + ROW,
    "a key that is too long": head(more=b"Idempotency-Key: " + b"k" * 10_000 + b"\r\n" + OF_JSON) + ROW,
}


def test_requests_that_no_client_sends(server: ApiServer, lake: Lake) -> None:
    """Either refused, or cut off; nothing is written, and the next request is answered."""
    with server.client() as api:
        for version, (name, sent) in enumerate(BY_HAND.items(), 1):
            answer = raw(server, sent)
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
    "/api/v1/docs/assets/%2e%2e/%2e%2e/app.py",
    "/problems/..%2f..%2fetc",
]


def test_paths_that_lead_nowhere(server: ApiServer) -> None:
    """Sent as they are: clients would make them tidy."""
    for path in PATHS:
        sent = path.replace(" ", "%20").encode()
        answer = raw(server, head(sent, method=b"GET"), ends=False)
        before, _, body = answer.partition(b"\r\n\r\n")
        assert before[9:10] == b"4", (path, answer[:500])
        assert b"application/problem+json" in before, path
        assert not [secret for secret in SECRETS if secret.encode() in body and secret not in path], (path, body)


@pytest.mark.parametrize("compression", [None, "gzip", "zstd"])
def test_a_line_of_1_gb_is_refused_in_little_memory(home: Path, tmp_path: Path, compression: str | None) -> None:
    service = ApiService(home, tmp_path / "service", LOG_LEVEL="WARNING")
    try:
        with service.client() as api:
            made = {"name": "lines", "columns": [{"name": "id", "type": "int64"}, {"name": "text", "type": "string"}]}
            assert api.post(TABLES, json=made).status_code == 201
            assert api.post(f"{TABLES}/lines/rows", content=LINES.replace(b"name", b"text")).status_code == 415
            before = _memory(service)
            sent, answer, seconds = _long_line(service, compression)
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


def _long_line(service: ApiService, compression: str | None) -> tuple[int, bytes, float]:
    """How many bytes of it could be sent, and the answer."""
    pieces = _line(compression)
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
            pass  # refused meanwhile
        answer = connection.recv(65_536)
    return sent, answer, time.monotonic() - started


def _line(compression: str | None) -> list[bytes]:
    """1 GB, as it is sent."""
    pieces = [b'{"id": 1, "text": "', *[b"x" * 1_000_000] * 1_000]
    if compression is None:
        return pieces
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, compression) as packing:
        for piece in pieces:
            packing.write(piece)
    return [sink.getvalue().to_pybytes()]
