"""Clients that write single rows over HTTP, each over one connection, one row after another.

One thread serves all connections, with little more work than the system calls, so that the machine is the service's.
Each answer is parsed and checked.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count

TOKEN = "st_of-the-measurements"
_PATH = "/api/v1/supertables/main/tables/orders/rows"
_END_OF_HEAD = b"\r\n\r\n"
_READ_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Written:
    """`timings`: the acknowledged ids, and the milliseconds that each took; -1: of the warm-up. `cpu_us`: the processor
    time of the clients for each write."""

    timings: list[tuple[int, float]]
    cpu_us: float


def write_rows(port: int, clients: int, warm_seconds: float, seconds: float, keyed: bool) -> Written:
    """Raises `AssertionError` for an answer that is not the expected one."""
    numbers = count()
    timings: list[tuple[int, float]] = []
    start = time.perf_counter() + warm_seconds
    used = time.process_time()
    with selectors.DefaultSelector() as ready, ExitStack() as connections:
        for _ in range(clients):
            client = _Client(connections.enter_context(socket.create_connection(("127.0.0.1", port))), keyed)
            client.send(next(numbers))
            ready.register(client.connection, selectors.EVENT_READ, client)
        while ready.get_map():
            for key, _ in ready.select():
                client = key.data
                if not client.received():
                    continue
                now = time.perf_counter()
                timings.append((client.number, (now - client.began) * 1000 if client.began >= start else -1.0))
                if now < start + seconds:
                    client.send(next(numbers))
                else:
                    ready.unregister(client.connection)
    return Written(timings, (time.process_time() - used) * 1e6 / len(timings))


class _Client:
    """One connection. `number`: the id of the row that it writes since `began`."""

    def __init__(self, connection: socket.socket, keyed: bool) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self.number = -1
        self.began = 0.0
        self._keyed = keyed
        self._answer = b""

    def send(self, number: int) -> None:
        self.number, self._answer, self.began = number, b"", time.perf_counter()
        self.connection.sendall(_request(number, self._keyed))

    def received(self) -> bool:
        """Read what has arrived. Returns whether the answer is complete, and checks it then."""
        part = self.connection.recv(_READ_BYTES)
        assert part, "the service has closed the connection"
        self._answer += part
        head, end, body = self._answer.partition(_END_OF_HEAD)
        if not end or len(body) < _length(head):
            return False
        assert head.startswith(b"HTTP/1.1 201 "), self._answer
        assert json.loads(body)["rows_inserted"] == 1
        return True


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0])


def _request(number: int, keyed: bool) -> bytes:
    body = json.dumps({"id": number, "region": "north", "amount": 1.5, "at": "2026-01-01T00:00:00"}).encode()
    key = f"Idempotency-Key: order-{number}\r\n" if keyed else ""
    head = (
        f"POST {_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n{key}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
