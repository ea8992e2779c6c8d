"""`POST …/stream`: writes rows for as long as the connection lasts, and acknowledges each commit.

The response is NDJSON. It starts at once and continues while the client sends the body. Each line says how many of the
sent rows are durable. If an error or a shutdown ends the response, the rows after the last acknowledged one are not
written.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import msgspec
import pyarrow as pa
from litestar import Request, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Schema
from litestar.params import FromPath, QueryParameter
from litestar.types import ASGIApp, Receive, Scope, Send

from supertable.application.writes.ingest_rows import SMALL_BYTES, IngestRequest, IngestRows
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput, SupertableError, UnreadableInput
from supertable.entrypoints.api.openapi.operations import RowsOperation
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.api.rows.arrow_stream_decoder import ArrowStreamDecoder
from supertable.entrypoints.api.rows.pending_rows import Item, PendingRows, size_of
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.web.problems.problem_documents import problem_of
from supertable.entrypoints.web.requests.row_bodies import row_format
from supertable.entrypoints.web.security.revocation import Check, revocation
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace, InjectedShutdown
from supertable.entrypoints.web.service.shutdown import Shutdown

StreamMode = Annotated[
    WriteMode, QueryParameter(description="`append` adds the rows, `upsert` replaces rows with the same keys.")
]
CommitSeconds = Annotated[
    float, QueryParameter(ge=0.01, le=60, description="Commit received rows after this many seconds.")
]
CommitRows = Annotated[
    int, QueryParameter(ge=1, le=10_000, description="Commit received rows earlier once there are this many.")
]
_NDJSON = "application/x-ndjson"
_MAX_QUEUED_BYTES = 4 * SMALL_BYTES


class _StreamOperation(RowsOperation):
    formats = (_NDJSON, "application/vnd.apache.arrow.stream")

    def __post_init__(self) -> None:
        super().__post_init__()
        success = (self.responses or {}).get("200")
        if isinstance(success, OpenAPIResponse):
            schema = Schema(description="Acknowledgements, one JSON object per line.")
            success.content = {_NDJSON: OpenAPIMediaType(schema=schema)}


@post(
    TABLE + "/stream",
    tags=["rows"],
    summary="Write rows as a stream",
    responses=problems(404, 415),
    operation_class=_StreamOperation,
    request_max_body_size=None,
    status_code=200,
)
async def stream_rows(
    request: Request[Any, Any, State],
    container: InjectedContainer,
    namespace: InjectedNamespace,
    shutdown: InjectedShutdown,
    table: FromPath[str],
    mode: StreamMode = WriteMode.APPEND,
    every_seconds: CommitSeconds = 1.0,
    every_rows: CommitRows = 10_000,
) -> ASGIApp:
    """Write rows for as long as the connection lasts.

    The body is NDJSON or an Arrow stream, sent in chunks. While the client sends rows, the response returns a line
    after each commit, like `{"rows_committed": 20, "version": 7}`. The last line has either `complete` or `error`.
    `complete` is false if the service is stopping. Rows after the last acknowledged one are not written.
    """
    format_ = row_format(request)
    if format_ not in {"ndjson", "arrow"} or request.headers.get("Content-Encoding"):
        raise HTTPException("A stream of rows must be NDJSON or Arrow, not compressed.", status_code=415)
    if mode is WriteMode.OVERWRITE:
        raise InvalidInput("A stream can append or upsert, not overwrite. Nothing was written.")
    opened = await sync_to_thread(container.tables().open, namespace, table, Permission.WRITE)
    limits = StreamLimits(container.settings().ingest_max_line_bytes, every_seconds, every_rows)
    wanted = IngestRequest(namespace, table, mode)
    check = partial(container.tables().open, namespace, table, Permission.WRITE)
    return RowStream(container.ingest_rows(), wanted, opened.snapshot.version, format_, limits, shutdown, check)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """The maximum size of a line in bytes, and the maximum duration and rows of one commit."""

    line_bytes: int
    commit_seconds: float
    commit_rows: int


class RowStream:
    """The response to a stream of rows. One task receives rows into a queue while another commits them."""

    def __init__(
        self,
        ingest: IngestRows,
        wanted: IngestRequest,
        version: int,
        format_: str,
        limits: StreamLimits,
        shutdown: Shutdown,
        check: Check,
    ) -> None:
        """`version`: the table's before the first commit. `check`: ends the stream, with its error."""
        self._ingest = ingest
        self._wanted = wanted
        self._version = version
        self._format = format_
        self._limits = limits
        self._shutdown = shutdown
        self._check = check
        self._committed = 0
        self._items: asyncio.Queue[Item | Exception | None] = asyncio.Queue()
        self._queued_bytes = 0
        self._dequeued = asyncio.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        headers = [(b"content-type", _NDJSON.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        receiver = asyncio.ensure_future(self._receive_rows(receive))
        try:
            async for line in self._acknowledgements():
                await send({"type": "http.response.body", "body": msgspec.json.encode(line) + b"\n", "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            receiver.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await receiver

    async def _acknowledgements(self) -> AsyncIterator[dict[str, Any]]:
        """The lines of the response: the table's version, each commit, and the outcome."""
        yield {"rows_committed": 0, "version": self._version}
        try:
            async for pending in self._commits():
                result = await pending.write(self._ingest, self._wanted)
                self._committed += pending.rows
                yield {"rows_committed": self._committed, "version": result.version}
        except Exception as error:  # noqa: BLE001 - all errors are reported to the client
            yield {"rows_committed": self._committed, "error": problem_of(error).document("")}
            return
        yield {"rows_committed": self._committed, "complete": not self._shutdown.begun}

    async def _commits(self) -> AsyncIterator[PendingRows]:
        """The rows of each commit. A shutdown ends the stream; the rows received by then are the last commit."""
        pending = PendingRows()
        stop = asyncio.ensure_future(self._shutdown.wait())
        revoked = asyncio.ensure_future(revocation(self._check))
        try:
            ended = False
            while not ended:
                item = await self._next_item(pending, stop, revoked)
                ended = item is None
                if item is not None and not isinstance(item, _CommitDue):
                    pending.add(item)
                full = pending.rows >= self._limits.commit_rows or pending.size >= SMALL_BYTES
                if pending.rows and (ended or full or isinstance(item, _CommitDue)):
                    yield pending
                    pending = PendingRows()
        finally:
            stop.cancel()
            revoked.cancel()

    async def _next_item(
        self, pending: PendingRows, stop: asyncio.Future[None], revoked: asyncio.Future[SupertableError]
    ) -> Item | _CommitDue | None:
        """The next rows; None at their end; `_CommitDue` if the pending rows must be committed first."""
        timeout = pending.since + self._limits.commit_seconds - time.monotonic() if pending.rows else None
        upcoming = asyncio.ensure_future(self._items.get())
        try:
            awaited: set[asyncio.Future[Any]] = {upcoming, stop, revoked}
            await asyncio.wait(awaited, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if revoked.done():
                raise revoked.result()
            if not upcoming.done():
                return None if stop.done() else _CommitDue()
            item = upcoming.result()
        finally:
            upcoming.cancel()
        if isinstance(item, Exception):
            raise item
        async with self._dequeued:
            self._queued_bytes -= 0 if item is None else size_of(item)
            self._dequeued.notify()
        return item

    async def _receive_rows(self, receive: Receive) -> None:
        """Put the rows of the body into the queue, no faster than they are committed."""
        if self._format == "ndjson":
            await self._receive_lines(receive)
            return
        loop = asyncio.get_running_loop()
        decoder = ArrowStreamDecoder(lambda item: loop.call_soon_threadsafe(self._enqueue, item))
        try:
            async for chunk in _chunks(receive):
                decoder.feed(chunk)
                await self._wait_for_room()
            decoder.end()
        except BaseException:
            decoder.abandon()
            raise

    async def _receive_lines(self, receive: Receive) -> None:
        rest = b""
        try:
            async for chunk in _chunks(receive):
                lines, newline, rest = (rest + chunk).rpartition(b"\n")
                if newline:
                    self._enqueue(lines)
                if len(rest) > self._limits.line_bytes:
                    raise UnreadableInput("the rows", f"a line is longer than {self._limits.line_bytes:,} bytes.")
                await self._wait_for_room()
            self._enqueue(rest)
            self._enqueue(None)
        except Exception as error:  # noqa: BLE001 - it ends the response
            self._enqueue(error)

    def _enqueue(self, item: Item | Exception | None) -> None:
        if isinstance(item, bytes | pa.RecordBatch):
            self._queued_bytes += size_of(item)
        self._items.put_nowait(item)

    async def _wait_for_room(self) -> None:
        async with self._dequeued:
            await self._dequeued.wait_for(lambda: self._queued_bytes < _MAX_QUEUED_BYTES)


class _CommitDue:
    """The pending rows have waited for the full commit interval."""


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    """The chunks of the body. Raises `InvalidInput` if the client disconnects before its end."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidInput("The body ended early. Rows that were not acknowledged are not written.")
        if message["type"] == "http.request":
            if message["body"]:
                yield message["body"]
            if not message.get("more_body", False):
                return


HANDLERS = (stream_rows,)
