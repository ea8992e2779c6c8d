"""An HTTP proxy in front of an object store's server that injects faults into requests, chosen by a script.

It keeps the client's `Host` header, so signatures made for the proxy's address stay valid. It works with any protocol
over plain HTTP: S3, Azure, Google.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

_SLOW_PIECES = 5
_SLOW_SECONDS = 0.1


class WireFault(Enum):
    """A fault of one request."""

    ERROR = "500 before the server saw the request"
    SLOW_DOWN = "503 SlowDown"
    NO_ANSWER = "no response, request not forwarded"
    RESET = "connection reset, request not forwarded"
    SLOW = "slow response"
    ERROR_AFTER = "500 after the server has executed the request"
    NO_ANSWER_AFTER = "no response after the server has executed the request"
    RESET_AFTER = "connection reset after the server has executed the request"
    TRUNCATED = "response cut off in the middle"
    BEHEADED = "response cut off within its headers"


_BEFORE = {WireFault.ERROR, WireFault.SLOW_DOWN, WireFault.NO_ANSWER, WireFault.RESET}


@dataclass(frozen=True)
class Request:
    """`number` counts all requests from 1. `path` is without the query."""

    number: int
    method: str
    path: str
    query: str


Script = Callable[[Request], WireFault | None]


def nothing(_: Request) -> None:
    """A script without faults."""


class FaultProxy:
    """Listens at `endpoint` from its construction until `stop`, in a thread of its own.

    `script` may be replaced at any time. `seen` counts the requests, `met` those with a fault.
    """

    def __init__(self, upstream: str, script: Script = nothing) -> None:
        address = urlsplit(upstream)
        assert address.hostname is not None
        assert address.port is not None
        self._upstream = (address.hostname, address.port)
        self.script: Script = script
        self.seen = 0
        self.met = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close every connection."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = _Peer(reader, writer)
        server = None
        try:
            server = _Peer(*await asyncio.open_connection(*self._upstream))
            while await self._forward(client, server):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            client.writer.close()
            if server is not None:
                server.writer.close()

    async def _forward(self, client: _Peer, server: _Peer) -> bool:
        """Forward one request and its response. Returns whether the connections can be used for another."""
        head = await client.head()
        fault = self._fault(head)
        if head.get("expect"):
            client.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await client.body(head, until_the_end=False)
        if fault in _BEFORE:
            return await _fail(fault, client, b"", b"")
        server.writer.write(head.without_expect + body)
        response = await server.head()
        has_body = head.method != "HEAD" and response.status not in (204, 304)
        data = await server.body(response, until_the_end=True) if has_body else b""
        if fault in (None, WireFault.SLOW):
            await _send(client, response.raw + data, slowly=fault is not None)
            return response.keeps_connection(has_body)
        return await _fail(fault, client, response.raw, data)

    def _fault(self, head: _Head) -> WireFault | None:
        self.seen += 1
        path, _, query = head.target.partition("?")
        fault = self.script(Request(self.seen, head.method, path, query))
        self.met += fault is not None
        return fault


class _Head:
    """The first line and the headers of a request or a response."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._first, *lines = raw.decode("latin-1").split("\r\n")
        self._headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def get(self, name: str) -> str:
        return self._headers.get(name, "")

    @property
    def method(self) -> str:
        return self._first.split(" ")[0]

    @property
    def target(self) -> str:
        return self._first.split(" ")[1]

    @property
    def status(self) -> int:
        return int(self._first.split(" ")[1])

    @property
    def without_expect(self) -> bytes:
        """The proxy itself responds to `Expect: 100-continue`."""
        lines = self.raw.split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.lower().startswith(b"expect:"))

    def keeps_connection(self, has_body: bool) -> bool:
        has_length = not has_body or bool(self.get("content-length") or self.get("transfer-encoding"))
        return has_length and self.get("connection").lower() != "close"


class _Peer:
    """One end of a connection. Raises IncompleteReadError if it ends too early."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> _Head:
        return _Head(await self.reader.readuntil(b"\r\n\r\n"))

    async def body(self, head: _Head, until_the_end: bool) -> bytes:
        """The raw body: the chunks of a chunked body keep their lengths."""
        if "chunked" in head.get("transfer-encoding").lower():
            return await self._chunks()
        if length := head.get("content-length"):
            return await self.reader.readexactly(int(length))
        return await self.reader.read() if until_the_end else b""

    async def _chunks(self) -> bytes:
        pieces = []
        length = -1
        while length:
            pieces.append(await self.reader.readuntil(b"\r\n"))
            length = int(pieces[-1].split(b";")[0], 16)
            if length:
                pieces.append(await self.reader.readexactly(length + 2))
        while len(pieces) < 2 or pieces[-1] != b"\r\n":  # trailers may follow the last chunk
            pieces.append(await self.reader.readuntil(b"\r\n"))
        return b"".join(pieces)


async def _fail(fault: WireFault | None, client: _Peer, head: bytes, body: bytes) -> bool:
    """Respond with an error, or end the connection. Returns whether the connection can be used for another request."""
    if fault in _RESPONSES:
        client.writer.write(_RESPONSES[fault])
        await client.writer.drain()
        return True
    if fault in (WireFault.NO_ANSWER, WireFault.NO_ANSWER_AFTER):
        await client.reader.read(1)  # until the client gives up
    elif fault is WireFault.TRUNCATED:
        client.writer.write(head + body[: len(body) // 2] if body else head[: len(head) // 2])
        await client.writer.drain()
    elif fault is WireFault.BEHEADED:
        client.writer.write(b"\r\n".join(head.split(b"\r\n")[:2]) + b"\r\n")
        await client.writer.drain()
    else:
        linger = struct.pack("ii", 1, 0)  # close by a reset, without an orderly end
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    return False


async def _send(client: _Peer, response: bytes, slowly: bool) -> None:
    size = len(response) // _SLOW_PIECES + 1 if slowly else len(response)
    for start in range(0, len(response), size):
        client.writer.write(response[start : start + size])
        await client.writer.drain()
        if slowly:
            await asyncio.sleep(_SLOW_SECONDS)


def _error_response(status: str, code: str) -> bytes:
    text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>injected</Message></Error>"
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(text)}\r\n\r\n"
    return (head + text).encode()


_RESPONSES: dict[WireFault | None, bytes] = {
    WireFault.ERROR: _error_response("500 Internal Server Error", "InternalError"),
    WireFault.ERROR_AFTER: _error_response("500 Internal Server Error", "InternalError"),
    WireFault.SLOW_DOWN: _error_response("503 Slow Down", "SlowDown"),
}
