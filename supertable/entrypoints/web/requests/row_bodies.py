"""Bodies that hold rows, of any size, in bounded memory: small ones stay in memory, larger ones go to a file.

A body is received whole before anything is written. A client that is slow, declares a wrong length or disconnects
therefore delays nobody and changes nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.exceptions import ClientException, HTTPException, InternalServerException
from litestar.types import Receive

from supertable.application.writes.ingest_rows import SMALL_BYTES
from supertable.domain.errors import UnreadableInput
from supertable.entrypoints.web.security.revocation import Check, ended_by_revocation

ROW_FORMATS: Mapping[str, str] = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.stream": "arrow",
}
"""The format of rows by media type."""
_COMPRESSIONS: Mapping[str, str | None] = {"": None, "identity": None, "gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}
_IN_MEMORY_FORMATS = frozenset({"json", "ndjson"})
_LINE_FORMATS = frozenset({"ndjson", "csv", "tsv"})
_MIN_FREE_BYTES = 256 * 1024 * 1024
"""Left free on the disk that takes the bodies."""
AnyRequest: TypeAlias = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The maximum sizes of a body and of one line of it, in bytes."""

    body: int
    line: int


@dataclass(frozen=True, slots=True)
class RowBody:
    """A received body of `size` bytes.

    `text`: the whole body, if it is small and not compressed; else None, and `file` is the path of the file with it.
    """

    format: str
    compression: str | None
    size: int
    text: bytes | None
    file: str


def row_format(request: AnyRequest) -> str:
    """The format of the rows by `Content-Type`. Raises 415."""
    given, parameters = request.content_type
    charset = parameters.get("charset", "utf-8").strip('"').lower()
    if given.lower() not in ROW_FORMATS or charset not in {"utf-8", "us-ascii"}:
        known = ", ".join(ROW_FORMATS)
        raise HTTPException(f"`Content-Type` must be one of {known}, in UTF-8.", status_code=415)
    return ROW_FORMATS[given.lower()]


async def small_rows(request: AnyRequest, limits: BodyLimits) -> RowBody | None:
    """The body, if the client has sent it whole, and it can stay in memory. None: `received_rows` receives it.

    Raises 415, and `UnreadableInput` for a line that is too long.
    """
    format_ = row_format(request)
    size = request.content_length
    if format_ not in _IN_MEMORY_FORMATS or _compression(request) is not None:
        return None
    if size is None or size > min(SMALL_BYTES, limits.body):
        return None
    message = await request.receive()
    if message["type"] != "http.request" or len(message["body"]) != size:  # `more_body` may be true of a whole one
        request.receive = _preceded_by(message, request.receive)
        return None
    text: bytes = message["body"]
    if format_ in _LINE_FORMATS:
        _LineLength(limits.line).add(text)
    return RowBody(format_, None, len(text), text, "")


def _preceded_by(message: Any, receive: Receive) -> Receive:
    messages = [message]

    async def receive_next() -> Any:
        return messages.pop() if messages else await receive()

    return receive_next


@asynccontextmanager
async def received_rows(
    request: AnyRequest, folder: Path, limits: BodyLimits, as_file: bool, check: Check
) -> AsyncIterator[RowBody]:
    """Receive the body. Its file, in `folder`, is deleted at the end of the block.

    `as_file`: put a small body into a file, too. `check`: ends the receiving, with its error. Raises 413, 415 and 507,
    and `UnreadableInput` as soon as a line is too long.
    """
    format_ = row_format(request)
    compression = _compression(request)
    if (request.content_length or 0) > limits.body:
        raise _too_large(limits.body)
    line = _LineLength(limits.line if format_ in _LINE_FORMATS and compression is None else limits.body)
    buffer = bytearray()
    size = 0
    file: IO[bytes] | None = None
    try:
        async with ended_by_revocation(check):
            async for chunk in _chunks(request):
                buffer += chunk
                size += len(chunk)
                if size > limits.body:
                    raise _too_large(limits.body)
                line.add(chunk)
                if len(buffer) > SMALL_BYTES:
                    file = await sync_to_thread(_append, file, folder, buffer)
                    buffer = bytearray()
        in_memory = file is None and compression is None and format_ in _IN_MEMORY_FORMATS and not as_file
        if not in_memory:
            file = await sync_to_thread(_append, file, folder, buffer)
        yield RowBody(format_, compression, size, bytes(buffer) if in_memory else None, file.name if file else "")
    finally:
        if file is not None:
            file.close()


class _LineLength:
    """Counts the bytes of the current line, so that a line without an end is refused early."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0

    def add(self, chunk: bytes) -> None:
        """Raises `UnreadableInput` if the line is too long."""
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self._bytes = len(chunk) - end - 1 + (self._bytes if end < 0 else 0)
        if self._bytes > self._max_bytes:
            raise UnreadableInput("the rows", f"a line is longer than {self._max_bytes:,} bytes. Nothing was written.")


def _compression(request: AnyRequest) -> str | None:
    given = request.headers.get("Content-Encoding", "").strip().lower()
    if given not in _COMPRESSIONS:
        raise HTTPException("`Content-Encoding` must be gzip or zstd, once, or absent.", status_code=415)
    return _COMPRESSIONS[given]


async def _chunks(request: AnyRequest) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except InternalServerException as error:
        raise ClientException("The body ended early. Nothing was written.") from error


def _append(file: IO[bytes] | None, folder: Path, data: bytearray) -> IO[bytes]:
    """Append to the file, and return it; None: create one. Raises 507 if the disk is nearly full."""
    if file is None:
        folder.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(prefix="supertable-body-", dir=folder)  # noqa: SIM115 - the caller closes it
    if shutil.disk_usage(file.name).free < len(data) + _MIN_FREE_BYTES:
        raise HTTPException("The service has too little disk space for the body. Nothing was written.", status_code=507)
    file.write(data)
    file.flush()
    return file


def _too_large(max_bytes: int) -> HTTPException:
    return HTTPException(
        f"The body is larger than the limit of {max_bytes:,} bytes. Nothing was written; send the rows in parts.",
        status_code=413,
    )
