"""An HTTP proxy in front of an object store's server that makes chosen requests go wrong, by a script.

What is sent on has the client's own `Host` header, so signatures made for the proxy's address stay valid. It serves
any plain HTTP protocol: S3, Azure, Google.
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
    """What goes wrong with one request."""

    ERROR = "500 before the server saw the request"
    SLOW_DOWN = "503 SlowDown"
    NO_ANSWER = "no answer, not sent on"
    RESET = "connection reset, not sent on"
    SLOW = "slow answer"
    ERROR_AFTER = "500 after the server did it"
    NO_ANSWER_AFTER = "no answer after the server did it"
    RESET_AFTER = "connection reset after the server did it"
    TRUNCATED = "answer cut off in the middle"
    BEHEADED = "answer cut off in its headers"


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
    """The script of a proxy that passes everything on."""


class FaultProxy:
    """Listens at `endpoint` from when it is made until `stop`; works in a thread of its own.

    `script` may be exchanged at any time. `met` counts the faults that it asked for.
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
        """Closes every connection too."""
        asyncio.run_coroutine_threadsafe(self._closed(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _closed(self) -> None:
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
            while await self._pass_one(client, server):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            client.writer.close()
            if server is not None:
                server.writer.close()

    async def _pass_one(self, client: _Peer, server: _Peer) -> bool:
        """One request and its answer; whether the connections can take another."""
        head = await client.head()
        fault = self._fault(head)
        if head.get("expect"):
            client.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await client.body(head, until_the_end=False)
        if fault in _BEFORE:
            return await _fail(fault, client, b"", b"")
        server.writer.write(head.without_expect + body)
        answer = await server.head()
        has_body = head.method != "HEAD" and answer.status not in (204, 304)
        data = await server.body(answer, until_the_end=True) if has_body else b""
        if fault in (None, WireFault.SLOW):
            await _tell(client, answer.raw + data, slowly=fault is not None)
            return answer.has_an_end(has_body)
        return await _fail(fault, client, answer.raw, data)

    def _fault(self, head: _Head) -> WireFault | None:
        self.seen += 1
        path, _, query = head.target.partition("?")
        fault = self.script(Request(self.seen, head.method, path, query))
        self.met += fault is not None
        return fault


class _Head:
    """The first line and the headers of a request or an answer."""

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
        """We have answered that ourselves."""
        lines = self.raw.split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.lower().startswith(b"expect:"))

    def has_an_end(self, has_body: bool) -> bool:
        known = not has_body or bool(self.get("content-length") or self.get("transfer-encoding"))
        return known and self.get("connection").lower() != "close"


class _Peer:
    """One end of a connection. Raises IncompleteReadError where it ends too soon."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def head(self) -> _Head:
        return _Head(await self.reader.readuntil(b"\r\n\r\n"))

    async def body(self, head: _Head, until_the_end: bool) -> bytes:
        """As it came: the pieces of a chunked body keep their lengths."""
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
        while len(pieces) < 2 or pieces[-1] != b"\r\n":  # headers may follow the last one
            pieces.append(await self.reader.readuntil(b"\r\n"))
        return b"".join(pieces)


async def _fail(fault: WireFault | None, client: _Peer, head: bytes, body: bytes) -> bool:
    """Answers with an error, or ends the connection; whether it can take another request."""
    if fault in _ANSWERS:
        client.writer.write(_ANSWERS[fault])
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
        at_once = struct.pack("ii", 1, 0)  # close by a reset, and not by an orderly end
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    return False


async def _tell(client: _Peer, answer: bytes, slowly: bool) -> None:
    size = len(answer) // _SLOW_PIECES + 1 if slowly else len(answer)
    for start in range(0, len(answer), size):
        client.writer.write(answer[start : start + size])
        await client.writer.drain()
        if slowly:
            await asyncio.sleep(_SLOW_SECONDS)


def _refusal(status: str, code: str) -> bytes:
    text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>injected</Message></Error>"
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(text)}\r\n\r\n"
    return (head + text).encode()


_ANSWERS: dict[WireFault | None, bytes] = {
    WireFault.ERROR: _refusal("500 Internal Server Error", "InternalError"),
    WireFault.ERROR_AFTER: _refusal("500 Internal Server Error", "InternalError"),
    WireFault.SLOW_DOWN: _refusal("503 Slow Down", "SlowDown"),
}
