"""Streams of rows: acknowledged rows are stored, and no others are reported as stored."""

from __future__ import annotations

import io
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pyarrow as pa
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from supertable import Lake
from tests.support.api.server import TOKEN, ApiServer

PATH = "/api/v1/supertables/main/tables/events/stream"
SCHEMA = pa.schema([pa.field("id", pa.int64(), nullable=False), ("v", pa.string())])


@pytest.fixture(autouse=True)
def events(lake: Lake) -> None:
    lake.create_table("events", SCHEMA)


def ids(lake: Lake) -> list[int]:
    return [row["id"] for row in lake.sql("SELECT id FROM events ORDER BY id").arrow().to_pylist()]


class Chunked:
    """A request in chunks, whose body and response are sent at the same time."""

    def __init__(self, server: ApiServer, kind: str = "application/x-ndjson", query: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        head = (
            f"POST {PATH}{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Content-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        self._socket.sendall(head.encode())
        self._file = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self._socket.sendall(f"{len(data):X}\r\n".encode() + data + b"\r\n")

    def rows(self, *numbers: int) -> None:
        self.send(b"".join(b'{"id": %d}\n' % number for number in numbers))

    def end(self) -> None:
        self._socket.sendall(b"0\r\n\r\n")

    def status(self) -> int:
        """The HTTP status. Skips the headers and the first line, which has the version."""
        status = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            pass
        assert status != 200 or self.line() == {"rows_committed": 0, "version": 1}
        return status

    def line(self) -> dict[str, Any]:
        size = int(self._file.readline(), 16)
        found: dict[str, Any] = json.loads(self._file.read(size))
        self._file.readline()
        return found

    def close(self) -> None:
        self._file.close()
        self._socket.close()


@contextmanager
def open_stream(server: ApiServer, *more: str) -> Iterator[Chunked]:
    connection = Chunked(server, *more)
    try:
        yield connection
    finally:
        connection.close()


def test_acknowledgements_come_while_rows_are_sent(server: ApiServer, lake: Lake) -> None:
    with open_stream(server, "application/x-ndjson", "?every_seconds=0.05") as stream:
        assert stream.status() == 200
        stream.rows(1, 2)
        assert stream.line() == {"rows_committed": 2, "version": 2}
        assert ids(lake) == [1, 2]
        stream.send(b'{"id": 3}\n{"id"')
        assert stream.line() == {"rows_committed": 3, "version": 3}
        stream.send(b": 4}")
        stream.end()
        assert stream.line() == {"rows_committed": 4, "version": 4}
        assert stream.line() == {"rows_committed": 4, "complete": True}
    assert ids(lake) == [1, 2, 3, 4]


def test_rows_are_committed_by_number_and_by_time(server: ApiServer, lake: Lake) -> None:
    with open_stream(server, "application/x-ndjson", "?every_seconds=60&every_rows=3") as stream:
        assert stream.status() == 200
        stream.rows(1, 2)
        time.sleep(0.3)
        assert lake.table("events").info().version == 1
        stream.rows(3)
        assert stream.line() == {"rows_committed": 3, "version": 2}


def arrow_stream(count: int) -> list[bytes]:
    """The encoded stream in pieces: the schema with the first batch, each further batch, and the end."""
    sink = io.BytesIO()
    pieces, at = [], 0
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        for number in range(count):
            writer.write_batch(pa.record_batch([[number], [str(number)]], schema=SCHEMA))
            pieces.append(sink.getvalue()[at:])
            at = len(sink.getvalue())
    pieces.append(sink.getvalue()[at:])
    return pieces


def test_an_arrow_stream_in_small_chunks(server: ApiServer, lake: Lake) -> None:
    with open_stream(server, "application/vnd.apache.arrow.stream", "?every_seconds=0.05") as stream:
        *batches, end = arrow_stream(3)
        for number, batch in enumerate(batches):
            for start in range(0, len(batch), 7):
                stream.send(batch[start : start + 7])
            if number == 0:
                assert stream.status() == 200
            assert stream.line() == {"rows_committed": number + 1, "version": number + 2}
        stream.send(end)
        stream.end()
        assert stream.line() == {"rows_committed": 3, "complete": True}
    assert ids(lake) == [0, 1, 2]


@pytest.mark.parametrize(
    ("kind", "bad", "expected"),
    [
        ("application/x-ndjson", b'{"id": 2}\n{"id": "x"}\n', "row 2: expected int"),
        ("application/x-ndjson", b'{"id": 2}\nno json\n', "not valid JSON"),
        ("application/vnd.apache.arrow.stream", b"no arrow at all, and more of it", "not an Arrow stream"),
    ],
)
def test_an_error_ends_the_response_and_later_rows_are_not_written(
    server: ApiServer, lake: Lake, kind: str, bad: bytes, expected: str
) -> None:
    with open_stream(server, kind, "?every_seconds=0.05") as stream:
        stream.send(b'{"id": 1}\n' if "json" in kind else arrow_stream(1)[0])
        assert stream.status() == 200
        assert stream.line()["rows_committed"] == 1
        stream.send(bad)
        last = stream.line()
        assert last["rows_committed"] == 1
        assert expected in last["error"]["detail"]
        assert last["error"]["status"] == 400
    assert len(ids(lake)) == 1


def test_unacknowledged_rows_of_a_disconnected_client_are_not_written(server: ApiServer, lake: Lake) -> None:
    with open_stream(server, "application/x-ndjson", "?every_seconds=1") as stream:
        assert stream.status() == 200
        stream.rows(1)
        assert stream.line()["rows_committed"] == 1
        stream.rows(2)
        time.sleep(0.1)
    time.sleep(1.5)
    assert ids(lake) == [1]


@pytest.mark.parametrize(
    ("kind", "query", "status"),
    [
        ("application/json", "", 415),
        ("text/csv", "", 415),
        ("application/x-ndjson", "?mode=overwrite", 400),
        ("application/x-ndjson", "?mode=upsert&every_rows=0", 400),
    ],
)
def test_invalid_streams_are_refused(server: ApiServer, kind: str, query: str, status: int) -> None:
    with open_stream(server, kind, query) as stream:
        assert stream.status() == status


def test_a_chunked_stream_ends_cleanly_when_the_service_stops(server: ApiServer, lake: Lake) -> None:
    with open_stream(server, "application/x-ndjson", "?every_seconds=60") as stream:
        assert stream.status() == 200
        stream.rows(1)
        time.sleep(0.3)
        server.begin_shutdown()
        assert stream.line() == {"rows_committed": 1, "version": 2}
        assert stream.line() == {"rows_committed": 1, "complete": False}
    assert ids(lake) == [1]


@contextmanager
def open_socket(server: ApiServer, query: str = "", token: str = TOKEN, path: str = PATH) -> Iterator[ClientConnection]:
    address = f"ws://127.0.0.1:{server.port}{path}{query}"
    with connect(address, additional_headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


def receive(client: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.recv(10))
    return found


def close_code(client: ClientConnection) -> int:
    """Wait until the connection is closed, and return the code."""
    try:
        while True:
            client.recv(10)
    except ConnectionClosed as error:
        assert error.rcvd is not None
        return error.rcvd.code


def test_messages_are_acknowledged_in_order(server: ApiServer, lake: Lake) -> None:
    with open_socket(server) as client:
        client.send('{"id": 1}\n{"id": 2}\n')
        client.send(b"".join(arrow_stream(1)))
        for number in range(3, 13):
            client.send(json.dumps({"id": number}))
        answers = [receive(client) for _ in range(12)]
        assert [answer["sequence"] for answer in answers] == list(range(1, 13))
        assert [answer["rows_committed"] for answer in answers] == [2, *range(3, 14)]
        assert answers[-1]["version"] == lake.table("events").info().version
    assert ids(lake) == list(range(13))


def test_an_invalid_message_is_reported_and_closes_the_connection(server: ApiServer, lake: Lake) -> None:
    with open_socket(server) as client:
        client.send('{"id": 1}')
        assert receive(client)["rows_committed"] == 1
        client.send('{"id": 2}\n{"id": "x"}')
        last = receive(client)
        assert (last["sequence"], last["rows_committed"]) == (2, 1)
        assert "row 2: expected int" in last["error"]["detail"]
        assert close_code(client) == 1007
    assert ids(lake) == [1]


def test_messages_after_an_invalid_one_are_written_only_if_acknowledged(server: ApiServer, lake: Lake) -> None:
    with open_socket(server) as client:
        for number in range(1, 40):
            client.send(json.dumps({"id": "x" if number == 10 else number}))
        acknowledged, error = [], None
        while error is None:
            answer = receive(client)
            error = answer.get("error")
            if error is None:
                acknowledged.append(answer["sequence"])
        assert close_code(client) == 1007
    assert 10 not in acknowledged
    assert ids(lake) == sorted(acknowledged)


def test_a_repeated_message_is_written_once(server: ApiServer, lake: Lake) -> None:
    for _ in range(2):
        with open_socket(server, "?idempotency_key=feed") as client:
            for number in (1, 2):
                client.send(json.dumps({"id": number}))
            answers = [receive(client) for _ in range(2)]
    assert [answer["replayed"] for answer in answers] == [True, True]
    with open_socket(server, "?idempotency_key=feed&first=2") as client:
        client.send('{"id": 2}')
        assert receive(client)["replayed"] is True
        client.send('{"id": 3}')
        assert (answer := receive(client))["replayed"] is False
        assert answer["sequence"] == 3
    assert ids(lake) == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "message", "code"),
    [
        ("", b"no arrow", 1007),
        ("", "", 1007),
        ("?mode=overwrite", '{"id": 1}', 1007),
        ("?mode=upsert", '{"id": 1}', 1007),
        ("", '{"id": 1, "v": "' + "x" * 10_000_000 + '"}', 1009),
    ],
)
def test_invalid_messages_close_the_connection(
    server: ApiServer, lake: Lake, query: str, message: str | bytes, code: int
) -> None:
    with open_socket(server, query) as client:
        with suppress(ConnectionClosed):  # the server may have closed it already
            client.send(message)
        assert close_code(client) == code
    assert lake.table("events").info().version == 1


def test_a_missing_table_closes_the_connection(server: ApiServer) -> None:
    address = f"ws://127.0.0.1:{server.port}{PATH.replace('events', 'nothing')}"
    with connect(address, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        assert receive(client)["error"]["type"] == "/problems/table-not-found"
        assert close_code(client) == 1008


def test_an_invalid_token_gets_no_connection(server: ApiServer) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)), open_socket(server, token="st_somebody") as client:
        client.recv(10)


def test_a_socket_ends_cleanly_when_the_service_stops(server: ApiServer, lake: Lake) -> None:
    with open_socket(server) as client:
        client.send('{"id": 1}')
        assert receive(client)["sequence"] == 1
        server.begin_shutdown()
        assert close_code(client) == 1012
    assert ids(lake) == [1]
