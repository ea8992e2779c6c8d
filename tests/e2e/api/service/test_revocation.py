"""What a user began ends within seconds once the user is disabled, the token revoked, or the grant removed."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

import supertable
from supertable import Lake
from tests.e2e.api.rows.test_ingest_streams import close_code, open_socket, receive
from tests.support.api.jobs import submit_query, wait_for_state, wait_until_ended
from tests.support.api.server import ApiServer

TABLE = "/api/v1/supertables/main/tables/t"
ENDLESS = "SELECT count(*) FROM t, range(1000000) a, range(1000000) b"
LONG = "SELECT id, x, repeat('x', 1000) AS v FROM t, range(1000000) AS numbers(x)"
"""Gigabytes of rows, so that most of them are not sent yet when the access ends."""
SECONDS = 10


@dataclass(frozen=True)
class Caller:
    """A user with the role `writes`. `elsewhere`: the lake as another process has it open, where access is ended."""

    elsewhere: Lake
    server: ApiServer
    token: str
    token_id: str

    def client(self) -> httpx.Client:
        return self.server.client(self.token)


def disable_user(caller: Caller) -> None:
    caller.elsewhere.users.alter("ann", enabled=False)


def revoke_token(caller: Caller) -> None:
    caller.elsewhere.tokens.revoke(caller.token_id)


def revoke_grant(caller: Caller) -> None:
    caller.elsewhere.roles.revoke("writes", "t")


def take_role(caller: Caller) -> None:
    caller.elsewhere.users.alter("ann", roles=[])


def narrow_grant(caller: Caller) -> None:
    caller.elsewhere.roles.grant("writes", "t", where="id > 5")


ENDS = [disable_user, revoke_token, revoke_grant, take_role, narrow_grant]
End = Callable[[Caller], None]
"""The last one does not end writes: each write is checked by the rights of its moment."""
every_end = pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
every_end_of_writes = pytest.mark.parametrize("end", ENDS[:-1], ids=lambda end: end.__name__)


@pytest.fixture
def caller(lake: Lake, server: ApiServer, home: Path) -> Iterator[Caller]:
    lake.create_table_from("t", pa.table({"id": pa.array(range(10), pa.int64())}))
    lake.roles.create("writes", "writer", ["t"])
    lake.users.create("ann", ["writes"])
    token = lake.tokens.create("hers", "ann")
    with supertable.connect(home) as elsewhere:
        yield Caller(elsewhere, server, token.secret, token.info.id)


@every_end
def test_an_answer_is_cut_off(caller: Caller, end: End) -> None:
    body = {"sql": LONG}
    headers = {"Accept": "application/x-ndjson"}
    with caller.client() as api, api.stream("POST", "/api/v1/query", json=body, headers=headers) as answer:
        assert answer.status_code == 200
        parts = answer.iter_raw(65_536)
        next(parts)
        end(caller)
        started = time.monotonic()
        with pytest.raises(httpx.RemoteProtocolError):
            _read_slowly(parts)
        assert time.monotonic() - started < SECONDS


def _read_slowly(parts: Iterator[bytes]) -> None:
    for _ in parts:
        time.sleep(0.01)


def test_an_answer_whose_client_does_not_read_is_cut_off(caller: Caller) -> None:
    with socket.create_connection(("127.0.0.1", caller.server.port), timeout=30) as raw:
        body = b'{"sql": "' + LONG.encode() + b'"}'
        head = (
            f"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {caller.token}\r\n"
            f"Accept: text/csv\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        raw.sendall(head.encode() + body)
        assert raw.recv(1000).startswith(b"HTTP/1.1 200")
        disable_user(caller)
        time.sleep(5)
        received = b""
        while part := _received(raw):
            received = (received + part)[-100:]
            assert not received.endswith(b"0\r\n\r\n"), "the answer looks whole"


def _received(raw: socket.socket) -> bytes:
    try:
        return raw.recv(1_000_000)
    except ConnectionResetError:
        return b""


@every_end
def test_a_query_that_has_not_answered_yet_is_stopped(caller: Caller, end: End) -> None:
    statuses: list[int] = []

    def ask() -> None:
        with caller.client() as api:
            statuses.append(api.post("/api/v1/query", json={"sql": ENDLESS}).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(1)
    end(caller)
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert statuses in ([401], [403])


@every_end
def test_a_background_query_is_stopped(caller: Caller, end: End, api: httpx.Client) -> None:
    with caller.client() as hers:
        address = submit_query(hers, ENDLESS)
        wait_for_state(hers, address, {"running"})
        end(caller)
        started = time.monotonic()
        job = f"/api/v1/jobs/{address.rpartition('/')[2]}"
        found = wait_until_ended(api, job, SECONDS)
        assert found["state"] == "cancelled"
        assert time.monotonic() - started < SECONDS


@every_end_of_writes
def test_an_idle_socket_is_closed(caller: Caller, end: End) -> None:
    with open_socket(caller.server, token=caller.token, path=f"{TABLE}/stream") as client:
        client.send('{"id": 10}')
        assert receive(client)["version"] == 3
        end(caller)
        error = receive(client)["error"]
        assert error["status"] in (401, 403, 404)
        assert close_code(client) == 1008


@every_end_of_writes
def test_an_idle_stream_ends_with_an_error(caller: Caller, end: End) -> None:
    with Upload(caller, f"{TABLE}/stream") as upload:
        upload.send(b'{"id": 10}\n')
        lines = upload.lines()
        assert b'"rows_committed":0' in next(lines)
        assert b'"rows_committed":1' in next(lines)
        end(caller)
        assert b'"error"' in next(lines)
    assert count(caller) == 11


@every_end_of_writes
def test_a_slow_upload_is_refused_before_its_end(caller: Caller, end: End) -> None:
    with Upload(caller, f"{TABLE}/rows") as upload:
        upload.send(b'{"id": 10}\n')
        time.sleep(0.5)
        end(caller)
        assert int(upload.line().split()[1]) in (401, 403, 404)
    assert count(caller) == 10


def test_what_is_allowed_goes_on(caller: Caller) -> None:
    """Other users, other tokens and other grants do not matter, nor does a table that is renamed or dropped."""
    caller.elsewhere.users.create("bob", ["writes"])
    caller.elsewhere.create_table("other", pa.schema([("id", pa.int64())]))
    with caller.client() as api:
        address = submit_query(api, ENDLESS)
        wait_for_state(api, address, {"running"})
        caller.elsewhere.users.alter("bob", enabled=False)
        caller.elsewhere.roles.grant("writes", "other")
        caller.elsewhere.rename("other", "another")
        time.sleep(4)
        assert api.get(address).json()["state"] == "running"
        api.delete(address)


def count(caller: Caller) -> int:
    found: int = caller.elsewhere.sql("SELECT count(*) AS n FROM t").arrow()["n"][0].as_py()
    return found


class Upload:
    """A chunked request that does not end."""

    def __init__(self, caller: Caller, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", caller.server.port), timeout=SECONDS)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {caller.token}\r\n"
            "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        self._socket.sendall(head.encode())
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *_: Any) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(f"{len(data):X}\r\n".encode() + data + b"\r\n")

    def line(self) -> bytes:
        return self._file.readline()

    def lines(self) -> Iterator[bytes]:
        """The lines of the response that are JSON."""
        while line := self.line():
            if line.startswith(b"{"):
                yield line
