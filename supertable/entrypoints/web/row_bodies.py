"""Bodies that hold rows: of any size, in bounded memory. What is small stays in memory, the rest goes to a file.

All of it is here before anything is written, so that a client that is slow, lies about the length or goes away holds
nothing up and changes nothing.
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

from supertable.application.writes.ingest_rows import SMALL_BYTES
from supertable.domain.errors import UnreadableInput

FORMATS: Mapping[str, str] = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.stream": "arrow",
}
COMPRESSIONS: Mapping[str, str | None] = {"": None, "identity": None, "gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}
IN_MEMORY = frozenset({"json", "ndjson"})
_FREE_BYTES_KEPT = 256 * 1024 * 1024
_LINES = frozenset({"ndjson", "csv", "tsv"})
AnyRequest: TypeAlias = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How many bytes a body may have, and a line of it."""

    body: int
    line: int


@dataclass(frozen=True, slots=True)
class RowBody:
    """`text`: all of it, where it is small and not compressed; else `file` has it."""

    format: str
    compression: str | None
    size: int
    text: bytes | None
    file: str


def format_of(request: AnyRequest) -> str:
    """Raises 415."""
    given, parameters = request.content_type
    charset = parameters.get("charset", "utf-8").strip('"').lower()
    if given.lower() not in FORMATS or charset not in {"utf-8", "us-ascii"}:
        known = ", ".join(FORMATS)
        raise HTTPException(f"Rows are taken as {known}, in UTF-8; `Content-Type` says otherwise.", status_code=415)
    return FORMATS[given.lower()]


@asynccontextmanager
async def row_body(request: AnyRequest, folder: Path, limits: BodyLimits, as_file: bool) -> AsyncIterator[RowBody]:
    """The body, and its file, in `folder`, for the time of the block. `as_file`: also where it is small.

    Raises 413 and 415, and `UnreadableInput` as soon as a line is too long.
    """
    format_ = format_of(request)
    compression = _compression(request)
    if (request.content_length or 0) > limits.body:
        raise _too_large(limits.body)
    line = _Line(limits.line if format_ in _LINES and compression is None else limits.body)
    held = bytearray()
    size = 0
    file: IO[bytes] | None = None
    try:
        async for chunk in _chunks(request):
            held += chunk
            size += len(chunk)
            if size > limits.body:
                raise _too_large(limits.body)
            line.goes_on(chunk)
            if len(held) > SMALL_BYTES:
                file = await sync_to_thread(_appended, file, folder, held)
                held = bytearray()
        in_memory = file is None and compression is None and format_ in IN_MEMORY and not as_file
        if not in_memory:
            file = await sync_to_thread(_appended, file, folder, held)
        yield RowBody(format_, compression, size, bytes(held) if in_memory else None, file.name if file else "")
    finally:
        if file is not None:
            file.close()


class _Line:
    """The line that is not at its end yet: whoever sends one without end is stopped."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0

    def goes_on(self, chunk: bytes) -> None:
        """Raises `UnreadableInput`."""
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self._size = len(chunk) - end - 1 + (self._size if end < 0 else 0)
        if self._size > self._most:
            raise UnreadableInput("the rows", f"a line is longer than {self._most:,} bytes. Nothing was written.")


def _compression(request: AnyRequest) -> str | None:
    given = request.headers.get("Content-Encoding", "").strip().lower()
    if given not in COMPRESSIONS:
        raise HTTPException("Bodies are taken as they are, or compressed once by gzip or zstd.", status_code=415)
    return COMPRESSIONS[given]


async def _chunks(request: AnyRequest) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except InternalServerException as error:
        raise ClientException("The body ended before it was whole. Nothing was written.") from error


def _appended(file: IO[bytes] | None, folder: Path, data: bytearray) -> IO[bytes]:
    """The file, a new one where there is none yet, with more data."""
    if file is None:
        folder.mkdir(parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(prefix="supertable-body-", dir=folder)  # noqa: SIM115 - its user closes it
    if shutil.disk_usage(file.name).free < len(data) + _FREE_BYTES_KEPT:
        raise HTTPException("Too little disk is left to take the body. Nothing was written.", status_code=507)
    file.write(data)
    file.flush()
    return file


def _too_large(max_bytes: int) -> HTTPException:
    return HTTPException(
        f"The body is larger than {max_bytes:,} bytes, the most that is taken. Nothing was written; send it in parts.",
        status_code=413,
    )
