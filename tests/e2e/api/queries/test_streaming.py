"""Streamed responses: bounded memory, and a partial response never looks complete."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pyarrow as pa
import pytest

from tests.support.api.server import TOKEN, ApiServer

ARROW = "application/vnd.apache.arrow.stream"
FORMATS = ["application/json", "application/x-ndjson", "text/csv", "application/vnd.apache.parquet", ARROW]
ROWS = 2_000_000
FAILS_LATE = "SELECT CASE WHEN i < 1_900_000 THEN i ELSE CAST('x' || i AS BIGINT) END AS i FROM numbers"


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A server whose table `numbers` has two million rows."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
        import supertable

        with supertable.connect(tmp_path_factory.mktemp("numbers")) as lake:
            table = pa.table({"i": pa.array(range(ROWS), pa.int64()), "t": [f"row {i}" for i in range(ROWS)]})
            lake.create_table_from("numbers", table)
            server = ApiServer(lake._container)
            yield server
            server.stop()


@pytest.fixture
def api(numbers: ApiServer) -> Iterator[httpx.Client]:
    with numbers.client() as client:
        yield client


def stream_query(api: httpx.Client, sql: str, accept: str = ARROW, **more: Any) -> Any:
    return api.stream("POST", "/api/v1/query", json={"sql": sql, **more}, headers={"Accept": accept})


@pytest.mark.parametrize("accept", FORMATS)
def test_a_late_error_closes_the_connection(api: httpx.Client, accept: str) -> None:
    with stream_query(api, FAILS_LATE, accept) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()
    with stream_query(api, "SELECT 1 AS one", "application/json") as answer:  # the service still answers
        assert json.loads(answer.read())["rows"] == [{"one": 1}]


@pytest.mark.parametrize("accept", FORMATS)
def test_an_early_error_is_a_problem_document(api: httpx.Client, accept: str) -> None:
    with stream_query(api, "SELECT CAST(t AS BIGINT) FROM numbers", accept) as answer:
        answer.read()
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/query-failed"


def test_too_many_rows_in_the_first_batch_are_a_problem_document(api: httpx.Client) -> None:
    with stream_query(api, "SELECT i FROM numbers", max_rows=10) as answer:
        answer.read()
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/result-too-large")


def test_too_many_rows_found_late_close_the_connection(api: httpx.Client) -> None:
    with stream_query(api, "SELECT i FROM numbers", "application/x-ndjson", max_rows=1_500_000) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()


def test_a_large_result_is_complete(api: httpx.Client) -> None:
    with stream_query(api, "SELECT * FROM numbers") as answer:
        table = pa.ipc.open_stream(answer.read()).read_all()
    assert table.num_rows == ROWS
    assert pa.compute.sum(table["i"]).as_py() == ROWS * (ROWS - 1) // 2


def test_memory_stays_bounded_with_a_slow_client(numbers: ApiServer) -> None:
    sql = "SELECT a.i, a.t, b.i AS j FROM numbers a CROSS JOIN (SELECT i FROM numbers WHERE i < 100) b"
    before = psutil.Process().memory_info().rss
    with numbers.client() as client, stream_query(client, sql) as answer:
        taken = 0
        for piece in answer.iter_raw():
            taken += len(piece)
            if taken > 400_000_000:
                break
        time.sleep(1)
        assert psutil.Process().memory_info().rss - before < 400_000_000


def test_a_disconnect_cancels_the_query(numbers: ApiServer) -> None:
    sql = "SELECT count(*) FROM numbers a, numbers b WHERE hash(a.i, b.i) = 0"  # takes hours before its first row
    body = json.dumps({"sql": sql}).encode()
    head = f"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    with socket.create_connection(("127.0.0.1", numbers.port)) as connection:
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall((head + length).encode() + body)
        wait_until(lambda: leases(numbers) == 1)
    wait_until(lambda: leases(numbers) == 0)


def test_a_disconnect_during_the_response_cancels_the_query(numbers: ApiServer) -> None:
    with numbers.client() as client, stream_query(client, "SELECT a.i FROM numbers a, numbers b") as answer:
        pieces = answer.iter_raw()
        next(pieces)
        assert leases(numbers) == 1
    wait_until(lambda: leases(numbers) == 0)


def test_http_1_0_is_refused(numbers: ApiServer) -> None:
    body = json.dumps({"sql": "SELECT 1"}).encode()
    head = f"POST /api/v1/query HTTP/1.0\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", numbers.port)) as connection:
        connection.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert b" 505 " in answer.split(b"\r\n")[0]
    assert b"/problems/http-version-not-supported" in answer


def leases(server: ApiServer) -> int:
    return len(server.container.leases().live())


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.05)
