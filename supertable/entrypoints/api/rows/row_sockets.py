"""`…/stream` as a WebSocket: every message is some rows, and is written whole or not at all.

Text is NDJSON, binary is an Arrow stream. Messages are numbered, and acknowledged in their order once they are durable.
The first that fails ends the connection: all after it are then not written, unless they were acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from litestar import WebSocket, websocket
from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException, WebSocketDisconnect
from litestar.params import FromPath, QueryParameter

from supertable.application.commits.write_result import WriteResult
from supertable.application.writes.ingest_rows import IngestRows, Wanted
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.roles import Permission
from supertable.domain.errors import (
    AccessDenied,
    InvalidInput,
    NotFound,
    NotSignedIn,
    SupertableError,
    Unavailable,
    UnreadableInput,
)
from supertable.entrypoints.api.rows.row_streams import StreamMode
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.sdk.commit_infos import commit_info
from supertable.entrypoints.web.problems.problem_documents import problem_of
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace, InjectedShutdown
from supertable.entrypoints.web.service.shutdown import Shutdown

First = Annotated[int, QueryParameter(ge=1, description="The number of the first message.")]
Key = Annotated[
    str | None,
    QueryParameter(max_length=200, description="With a message's number it is that message's idempotency key."),
]
_MOST_BYTES = 8 * 1024 * 1024
_MOST_IN_FLIGHT = 64
NORMAL, INVALID, REFUSED, TOO_LARGE, INTERNAL, RESTART, LATER = 1000, 1007, 1008, 1009, 1011, 1012, 1013
_CODES: dict[type[Exception], int] = {
    InvalidInput: INVALID,
    AccessDenied: REFUSED,
    NotSignedIn: REFUSED,
    NotFound: REFUSED,
    Unavailable: LATER,
}
Socket = WebSocket[Any, Any, Any]


@dataclass(slots=True)
class _Sent:
    """A message on its way to be written."""

    number: int
    rows: int
    answer: Future[WriteResult]


@websocket(TABLE + "/stream")
async def row_socket(
    socket: Socket,
    container: InjectedContainer,
    namespace: InjectedNamespace,
    shutdown: InjectedShutdown,
    table: FromPath[str],
    mode: StreamMode = WriteMode.APPEND,
    first: First = 1,
    idempotency_key: Key = None,
) -> None:
    await socket.accept()
    rows = RowSocket(socket, container.ingest_rows(), Wanted(namespace, table, mode), idempotency_key, first, shutdown)
    try:
        if mode is WriteMode.OVERWRITE:
            raise InvalidInput("A stream appends or upserts; nothing was written.")
        await sync_to_thread(container.tables().open, namespace, table, Permission.WRITE)
    except SupertableError as error:
        await rows.fail(first, error)
        return
    await rows.serve()


class RowSocket:
    """`_waiting`: messages whose writing has begun, in order; None, or an error, after the last."""

    def __init__(
        self, socket: Socket, ingest: IngestRows, wanted: Wanted, key: str | None, first: int, shutdown: Shutdown
    ) -> None:
        self._socket = socket
        self._ingest = ingest
        self._wanted = wanted
        self._key = key
        self._next = first
        self._stopping = shutdown
        self._committed = 0
        self._waiting: asyncio.Queue[_Sent | Exception | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(_MOST_IN_FLIGHT)
        self._taking: asyncio.Future[None] | None = None

    async def serve(self) -> None:
        self._taking = asyncio.ensure_future(self._take())
        try:
            await self._acknowledge()
        finally:
            await self._take_no_more()

    async def fail(self, number: int, error: Exception) -> None:
        """Say what is wrong with a message, and close."""
        code = next((_CODES[kind] for kind in type(error).__mro__ if kind in _CODES), INTERNAL)
        if isinstance(error, HTTPException):
            code = TOO_LARGE
        await self._say(
            {"sequence": number, "rows_committed": self._committed, "error": problem_of(error).document("")}
        )
        await self._close(code)

    async def _close(self, code: int) -> None:
        await self._take_no_more()  # a socket that is being read is not closed
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the client went away
            await self._socket.close(code=code)

    async def _take_no_more(self) -> None:
        if self._taking:
            self._taking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._taking

    async def _take(self) -> None:
        """Begin to write what comes, for as long as there is room, until the client or the service ends it."""
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            while (message := await self._message(stop)) is not None:
                self._waiting.put_nowait(await self._begun(message))
                await self._room.acquire()
            self._waiting.put_nowait(None)
        except Exception as error:  # noqa: BLE001 - it is said in its place
            self._waiting.put_nowait(error)
        finally:
            stop.cancel()

    async def _message(self, stop: asyncio.Future[None]) -> str | bytes | None:
        coming = asyncio.ensure_future(self._socket.receive())
        awaited: set[asyncio.Future[Any]] = {coming, stop}
        try:
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                return None
            event: Any = coming.result()
        except WebSocketDisconnect:
            return None
        finally:
            coming.cancel()
        if event["type"] != "websocket.receive":
            return None
        text: str | None = event.get("text")
        return text if text is not None else event.get("bytes") or b""

    async def _begun(self, message: str | bytes) -> _Sent:
        number, self._next = self._next, self._next + 1
        if len(message) > _MOST_BYTES:
            said = f"A message may have {_MOST_BYTES:,} bytes; nothing of it was written."
            raise HTTPException(said, status_code=413)
        info = commit_info(None if self._key is None else f"{self._key}/{number}", {})
        wanted = Wanted(self._wanted.namespace, self._wanted.table, self._wanted.mode, info=info)
        if isinstance(message, str):
            text = message.encode()
            return _Sent(
                number, sum(1 for line in text.split(b"\n") if line.strip()), self._ingest.text(wanted, text, "ndjson")
            )
        rows = await sync_to_thread(_arrow_rows, message)
        return _Sent(number, rows.num_rows, self._ingest.table(wanted, rows))

    async def _acknowledge(self) -> None:
        number = self._next
        while (sent := await self._waiting.get()) is not None:
            try:
                if isinstance(sent, Exception):
                    raise sent
                number = sent.number + 1
                await self._acknowledged(sent)
            except Exception as error:  # noqa: BLE001 - the client is told of all of them
                await self._end_with(number if isinstance(sent, Exception) else sent.number, error)
                return
        await self._close(RESTART if self._stopping.begun else NORMAL)

    async def _acknowledged(self, sent: _Sent) -> None:
        result = await asyncio.wrap_future(sent.answer)
        self._committed += sent.rows
        await self._say(
            {
                "sequence": sent.number,
                "rows_committed": self._committed,
                "version": result.version,
                "replayed": result.replayed,
            }
        )
        self._room.release()

    async def _end_with(self, number: int, error: Exception) -> None:
        """What waits after a message that failed is taken back; where it is too late for that, acknowledged."""
        await self._take_no_more()
        left = [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        late = [sent for sent in left if isinstance(sent, _Sent) and not sent.answer.cancel()]
        for sent in late:
            with contextlib.suppress(Exception):
                await self._acknowledged(sent)
        await self.fail(number, error)

    async def _say(self, answer: dict[str, Any]) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the client went away
            await self._socket.send_text(msgspec.json.encode(answer).decode())


def _arrow_rows(message: bytes) -> pa.Table:
    try:
        rows = pa.ipc.open_stream(message).read_all()
        rows.validate(full=True)
        return rows
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        raise UnreadableInput("the rows", f"they are no Arrow stream: {str(error).partition(chr(10))[0]}.") from error


HANDLERS = (row_socket,)
