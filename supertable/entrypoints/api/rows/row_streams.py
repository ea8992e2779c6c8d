"""`POST …/stream`: rows as long as the connection lasts, with an acknowledgement after each commit.

The answer, NDJSON, begins at once and goes on while the body does. A line says how many of the rows sent are durable by
now; all that came after these is not written when an error, or the end of the service, ends the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
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

from supertable.application.commits.write_result import WriteResult
from supertable.application.writes.ingest_rows import SMALL_BYTES, IngestRows, Wanted
from supertable.application.writes.write_modes import WriteMode
from supertable.domain.access.roles import Permission
from supertable.domain.errors import InvalidInput, UnreadableInput
from supertable.entrypoints.api.openapi.operations import RowsOperation
from supertable.entrypoints.api.openapi.problem_responses import problems
from supertable.entrypoints.api.rows.arrow_stream_decoder import ArrowPipe
from supertable.entrypoints.api.tables.tables import TABLE
from supertable.entrypoints.web.problems.problem_documents import problem_of
from supertable.entrypoints.web.requests.row_bodies import row_format
from supertable.entrypoints.web.service.dependencies import InjectedContainer, InjectedNamespace, InjectedShutdown
from supertable.entrypoints.web.service.shutdown import Shutdown

StreamMode = Annotated[WriteMode, QueryParameter(description="append, or upsert by the keys.")]
EverySeconds = Annotated[
    float, QueryParameter(ge=0.01, le=60, description="After how long rows that have come are committed.")
]
EveryRows = Annotated[int, QueryParameter(ge=1, le=10_000, description="After how many rows they are, before that.")]
_LINES = "application/x-ndjson"
_QUEUED_BYTES = 4 * SMALL_BYTES


@dataclass(slots=True)
class Piece:
    """Some rows that arrived: whole lines, or record batches."""

    lines: bytearray = field(default_factory=bytearray)
    batches: list[pa.RecordBatch] = field(default_factory=list)
    rows: int = 0
    since: float = 0.0

    @property
    def size(self) -> int:
        return len(self.lines) + sum(_size(batch) for batch in self.batches)

    def add(self, item: bytes | pa.RecordBatch) -> None:
        self.since = self.since or time.monotonic()
        if isinstance(item, bytes):
            self.lines += item + b"\n"
            self.rows += sum(1 for line in item.split(b"\n") if line.strip())
        else:
            self.batches.append(item)
            self.rows += item.num_rows

    async def write(self, ingest: IngestRows, wanted: Wanted) -> WriteResult:
        if self.batches:
            return await asyncio.wrap_future(ingest.table(wanted, pa.Table.from_batches(self.batches)))
        return await asyncio.wrap_future(ingest.text(wanted, bytes(self.lines), "ndjson"))


class _StreamOperation(RowsOperation):
    formats = (_LINES, "application/vnd.apache.arrow.stream")

    def __post_init__(self) -> None:
        super().__post_init__()
        done = (self.responses or {}).get("200")
        if isinstance(done, OpenAPIResponse):
            done.content = {_LINES: OpenAPIMediaType(schema=Schema(description="Acknowledgements, a line each."))}


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
    every_seconds: EverySeconds = 1.0,
    every_rows: EveryRows = 10_000,
) -> ASGIApp:
    """NDJSON or an Arrow stream, in chunks. Lines like `{"rows_committed": 20, "version": 7}` come back meanwhile."""
    format_ = row_format(request)
    if format_ not in {"ndjson", "arrow"} or request.headers.get("Content-Encoding"):
        raise HTTPException("A stream of rows is NDJSON or Arrow, and not compressed.", status_code=415)
    if mode is WriteMode.OVERWRITE:
        raise InvalidInput("A stream appends or upserts; nothing was written.")
    opened = await sync_to_thread(container.tables().open, namespace, table, Permission.WRITE)
    pace = Pace(container.settings().ingest_max_line_bytes, every_seconds, every_rows)
    wanted = Wanted(namespace, table, mode)
    return RowStream(container.ingest_rows(), wanted, opened.snapshot.version, format_, pace, shutdown)


@dataclass(frozen=True, slots=True)
class Pace:
    """When rows that have come are committed, and how long a line may be."""

    line_bytes: int
    every_seconds: float
    every_rows: int


class RowStream:
    def __init__(
        self, ingest: IngestRows, wanted: Wanted, version: int, format_: str, pace: Pace, shutdown: Shutdown
    ) -> None:
        """`version`: the table's, before a row is written."""
        self._ingest = ingest
        self._wanted = wanted
        self._version = version
        self._format = format_
        self._pace = pace
        self._stopping = shutdown
        self._committed = 0
        self._items: asyncio.Queue[bytes | pa.RecordBatch | Exception | None] = asyncio.Queue()
        self._queued = 0
        self._room = asyncio.Condition()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - what ASGI gives
        headers = [(b"content-type", _LINES.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        reading = asyncio.ensure_future(self._read(receive))
        try:
            async for line in self._lines():
                await send({"type": "http.response.body", "body": msgspec.json.encode(line) + b"\n", "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reading

    async def _lines(self) -> AsyncIterator[dict[str, Any]]:
        """What is told the client: at first that rows may come, at last how it ended."""
        yield {"rows_committed": 0, "version": self._version}
        try:
            async for piece in self._pieces():
                result = await piece.write(self._ingest, self._wanted)
                self._committed += piece.rows
                yield {"rows_committed": self._committed, "version": result.version}
        except Exception as error:  # noqa: BLE001 - the client is told of all of them
            yield {"rows_committed": self._committed, "error": problem_of(error).document("")}
            return
        yield {"rows_committed": self._committed, "complete": not self._stopping.begun}

    async def _pieces(self) -> AsyncIterator[Piece]:
        """The rows of one commit each. At the end of the service, those that have come."""
        piece = Piece()
        stop = asyncio.ensure_future(self._stopping.wait())
        try:
            ended = False
            while not ended:
                item = await self._next(piece, stop)
                ended = item is None
                if item is not None and not isinstance(item, _Due):
                    piece.add(item)
                full = piece.rows >= self._pace.every_rows or piece.size >= SMALL_BYTES
                if piece.rows and (ended or full or isinstance(item, _Due)):
                    yield piece
                    piece = Piece()
        finally:
            stop.cancel()

    async def _next(self, piece: Piece, stop: asyncio.Future[None]) -> bytes | pa.RecordBatch | _Due | None:
        """The next rows, None at their end, or that those that have come are due."""
        due = piece.since + self._pace.every_seconds - time.monotonic() if piece.rows else None
        coming = asyncio.ensure_future(self._items.get())
        try:
            awaited: set[asyncio.Future[Any]] = {coming, stop}
            await asyncio.wait(awaited, timeout=due, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                return None if stop.done() else _Due()
            item = coming.result()
        finally:
            coming.cancel()
        if isinstance(item, Exception):
            raise item
        async with self._room:
            self._queued -= 0 if item is None else _size(item)
            self._room.notify()
        return item

    async def _read(self, receive: Receive) -> None:
        """Take the body to pieces, no faster than they are committed."""
        if self._format == "ndjson":
            await self._read_lines(receive)
            return
        loop = asyncio.get_running_loop()
        pipe = ArrowPipe(lambda item: loop.call_soon_threadsafe(self._put, item))
        try:
            async for chunk in _chunks(receive):
                pipe.feed(chunk)
                await self._has_room()
            pipe.end()
        except BaseException:
            pipe.abandon()
            raise

    async def _read_lines(self, receive: Receive) -> None:
        rest = b""
        try:
            async for chunk in _chunks(receive):
                whole, found, rest = (rest + chunk).rpartition(b"\n")
                if found:
                    self._put(whole)
                if len(rest) > self._pace.line_bytes:
                    raise UnreadableInput("the rows", f"a line is longer than {self._pace.line_bytes:,} bytes.")
                await self._has_room()
            self._put(rest)
            self._put(None)
        except Exception as error:  # noqa: BLE001 - it ends the answer
            self._put(error)

    def _put(self, item: bytes | pa.RecordBatch | Exception | None) -> None:
        if isinstance(item, bytes | pa.RecordBatch):
            self._queued += _size(item)
        self._items.put_nowait(item)

    async def _has_room(self) -> None:
        async with self._room:
            await self._room.wait_for(lambda: self._queued < _QUEUED_BYTES)


class _Due:
    """Rows have waited for as long as they may."""


def _size(item: bytes | pa.RecordBatch) -> int:
    return len(item) if isinstance(item, bytes) else int(item.nbytes)


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidInput(
                "The body ended before it was whole; the rows that were not acknowledged are not written."
            )
        if message["type"] == "http.request":
            if message["body"]:
                yield message["body"]
            if not message.get("more_body", False):
                return


HANDLERS = (stream_rows,)
