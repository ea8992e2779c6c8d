"""`…/stream` as a WebSocket: each message holds rows, and is written completely or not at all.

A text message is NDJSON, a binary one is an Arrow stream. Messages are numbered. They are acknowledged in order once
they are durable. The first message that fails ends the connection; later messages are written only if they were
acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from concurrent.futures import Future
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from litestar import WebSocket, websocket
from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException, WebSocketDisconnect
from litestar.params import FromPath, QueryParameter

from supertable.application.commits.write_result import WriteResult
from supertable.application.storage.incoming.arrow_messages import CheckedMessages
from supertable.application.writes.ingest_rows import IngestRequest, IngestRows
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.roles import Permission
from supertable.domain.errors import (
    AccessDenied,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    NotSignedIn,
    SupertableError,
    Unavailable,
    UnreadableInput,
)
from supertable.domain.table.commit_info import checked_commit_info
from supertable.entrypoints.api.rows.row_streams import StreamMode
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.web.problems.problem_documents import problem_of
from supertable.entrypoints.web.requests.known_parameters import require_known_parameters_of_socket
from supertable.entrypoints.web.security.revocation import Check, revocation
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace, InjectedShutdown
from supertable.entrypoints.web.service.shutdown import Shutdown

FirstNumber = Annotated[int, QueryParameter(ge=1, description="The number of the first message.")]
KeyPrefix = Annotated[
    str | None,
    QueryParameter(max_length=200, description="The prefix of idempotency keys; a message's number completes its key."),
]
Ticket = Annotated[
    str | None, QueryParameter(max_length=200, description="A ticket from `…/stream/tickets`, in place of a token.")
]
_MAX_MESSAGE_BYTES = 8 * 1024 * 1024
_MAX_UNPACKED_BYTES = 64 * 1024 * 1024
"""The maximum size of one record batch of a message, unpacked."""
_MAX_MESSAGES_IN_FLIGHT = 64


class CloseCode(IntEnum):
    """Why the connection is closed (RFC 6455, 7.4, and IANA's registry)."""

    NORMAL = 1000
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    TOO_LARGE = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013


_CLOSE_CODES: dict[type[Exception], CloseCode] = {
    InvalidInput: CloseCode.INVALID_DATA,
    AccessDenied: CloseCode.POLICY_VIOLATION,
    NotSignedIn: CloseCode.POLICY_VIOLATION,
    NotFound: CloseCode.POLICY_VIOLATION,
    IdempotencyKeyReused: CloseCode.POLICY_VIOLATION,
    Unavailable: CloseCode.TRY_AGAIN_LATER,
}
Socket = WebSocket[Any, Any, Any]


@dataclass(slots=True)
class _PendingMessage:
    """A message that is being written. `rows` is their number."""

    number: int
    rows: int
    result: Future[WriteResult]


@websocket(TABLE + "/stream", guards=[require_known_parameters_of_socket])
async def row_socket(
    socket: Socket,
    container: InjectedContainer,
    namespace: InjectedNamespace,
    shutdown: InjectedShutdown,
    table: FromPath[str],
    mode: StreamMode = WriteMode.APPEND,
    first: FirstNumber = 1,
    idempotency_key: KeyPrefix = None,
    ticket: Ticket = None,
) -> None:
    await socket.accept()
    check = partial(container.tables().open, namespace, table, Permission.WRITE)
    wanted = IngestRequest(namespace, table, mode)
    rows = RowSocket(socket, container.ingest_rows(), wanted, idempotency_key, first, shutdown, check)
    try:
        if mode is WriteMode.OVERWRITE:
            raise InvalidInput("A stream can append or upsert, not overwrite. Nothing was written.")
        await sync_to_thread(check)
    except SupertableError as error:
        await rows.fail(first, error)
        return
    await rows.serve()


class RowSocket:
    """A connection that writes rows. One task receives messages and starts their writes; another acknowledges them."""

    def __init__(
        self,
        socket: Socket,
        ingest: IngestRows,
        wanted: IngestRequest,
        key: str | None,
        first: int,
        shutdown: Shutdown,
        check: Check,
    ) -> None:
        """`key`: the prefix of the messages' idempotency keys. `first`: the number of the first message. `check`: ends
        the connection, with its error.
        """
        self._socket = socket
        self._ingest = ingest
        self._wanted = wanted
        self._key = key
        self._next_number = first
        self._shutdown = shutdown
        self._check = check
        self._committed = 0
        self._pending: asyncio.Queue[_PendingMessage | Exception | None] = asyncio.Queue()
        """In order. The last item is None, or the error that ended the receiver."""
        self._slots = asyncio.Semaphore(_MAX_MESSAGES_IN_FLIGHT)
        self._receiver: asyncio.Future[None] | None = None

    async def serve(self) -> None:
        """Write messages until the client, the service or an error ends the connection."""
        self._receiver = asyncio.ensure_future(self._receive_messages())
        try:
            await self._acknowledge_messages()
        finally:
            await self._stop_receiving()

    async def fail(self, number: int, error: Exception) -> None:
        """Report the error of a message, and close the connection."""
        code = next((_CLOSE_CODES[cls] for cls in type(error).__mro__ if cls in _CLOSE_CODES), CloseCode.INTERNAL_ERROR)
        if isinstance(error, HTTPException):
            code = CloseCode.TOO_LARGE
        await self._send(
            {"sequence": number, "rows_committed": self._committed, "error": problem_of(error).document("")}
        )
        await self._close(code)

    async def _close(self, code: CloseCode) -> None:
        await self._stop_receiving()  # a socket cannot be closed while it is read
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the client has disconnected
            await self._socket.close(code=code)

    async def _stop_receiving(self) -> None:
        if self._receiver:
            self._receiver.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._receiver

    async def _receive_messages(self) -> None:
        """Start to write each message while there is a free slot, until the client or the service ends it."""
        stop = asyncio.ensure_future(self._shutdown.wait())
        revoked = asyncio.ensure_future(revocation(self._check))
        try:
            while (message := await self._receive(stop, revoked)) is not None:
                self._pending.put_nowait(await self._start_write(message))
                await self._slots.acquire()
            self._pending.put_nowait(None)
        except Exception as error:  # noqa: BLE001 - it is reported in order, after the messages before it
            self._pending.put_nowait(error)
        finally:
            stop.cancel()
            revoked.cancel()

    async def _receive(
        self, stop: asyncio.Future[None], revoked: asyncio.Future[SupertableError]
    ) -> str | bytes | None:
        """The next message; None if the client has closed the connection or `stop` is done."""
        upcoming = asyncio.ensure_future(self._socket.receive())
        awaited: set[asyncio.Future[Any]] = {upcoming, stop, revoked}
        try:
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            if revoked.done():
                raise revoked.result()
            if not upcoming.done():
                return None
            event: Any = upcoming.result()
        except WebSocketDisconnect:
            return None
        finally:
            upcoming.cancel()
        if event["type"] != "websocket.receive":
            return None
        text: str | None = event.get("text")
        return text if text is not None else event.get("bytes") or b""

    async def _start_write(self, message: str | bytes) -> _PendingMessage:
        number, self._next_number = self._next_number, self._next_number + 1
        if len(message) > _MAX_MESSAGE_BYTES:
            detail = f"The message is larger than the limit of {_MAX_MESSAGE_BYTES:,} bytes. It was not written."
            raise HTTPException(detail, status_code=413)
        info = checked_commit_info(None if self._key is None else f"{self._key}/{number}", {})
        wanted = IngestRequest(self._wanted.namespace, self._wanted.table, self._wanted.mode, info=info)
        if isinstance(message, str):
            text = message.encode()
            count = sum(1 for line in text.split(b"\n") if line.strip())
            return _PendingMessage(number, count, self._ingest.write_text(wanted, text, "ndjson"))
        rows = await sync_to_thread(_arrow_rows, message)
        return _PendingMessage(number, rows.num_rows, self._ingest.write_table(wanted, rows))

    async def _acknowledge_messages(self) -> None:
        number = self._next_number
        while (message := await self._pending.get()) is not None:
            try:
                if isinstance(message, Exception):
                    raise message
                number = message.number + 1
                await self._acknowledge(message)
            except Exception as error:  # noqa: BLE001 - all errors are reported to the client
                failed = number if isinstance(message, Exception) else message.number
                await self._cancel_pending()
                await self.fail(failed, error)
                return
        await self._close(CloseCode.SERVICE_RESTART if self._shutdown.begun else CloseCode.NORMAL)

    async def _acknowledge(self, message: _PendingMessage) -> None:
        """Wait for the write, and acknowledge it."""
        result = await asyncio.wrap_future(message.result)
        self._committed += message.rows
        await self._send(
            {
                "sequence": message.number,
                "rows_committed": self._committed,
                "version": result.version,
                "replayed": result.replayed,
            }
        )
        self._slots.release()

    async def _cancel_pending(self) -> None:
        """Cancel the writes after a failed message. A write that can no longer be cancelled is acknowledged."""
        await self._stop_receiving()
        pending = [self._pending.get_nowait() for _ in range(self._pending.qsize())]
        too_late = [
            message for message in pending if isinstance(message, _PendingMessage) and not message.result.cancel()
        ]
        for message in too_late:
            with contextlib.suppress(Exception):
                await self._acknowledge(message)

    async def _send(self, answer: dict[str, Any]) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the client has disconnected
            await self._socket.send_text(msgspec.json.encode(answer).decode())


def _arrow_rows(message: bytes) -> pa.Table:
    """Raises `UnreadableInput`."""
    try:
        checked = CheckedMessages(io.BytesIO(message).read, _MAX_UNPACKED_BYTES)
        rows = pa.ipc.open_stream(pa.PythonFile(checked, mode="r")).read_all()
        rows.validate(full=True)
        _ = rows.schema.names  # fails for one that is no UTF-8
        return rows
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UnreadableInput("the rows", f"they are not an Arrow stream: {reason}.") from error


HANDLERS = (row_socket,)
