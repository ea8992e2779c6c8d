"""Responses of any length in bounded memory. Threads encode them at the pace at which the client reads.

Nothing is sent before the first piece is ready, so an error before it is a problem document. A later error closes the
connection early: a partial response must not look like a whole one. So does the end of the caller's access.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException
from litestar.types import Receive, Scope, Send

from supertable.entrypoints.encoding.results import Piece
from supertable.entrypoints.web.requests.disconnects import disconnected
from supertable.entrypoints.web.security.revocation import revocation
from supertable.entrypoints.web.service.dependencies import shutdown_of

_HTTP_1_1_NEEDED = "Over HTTP/1.0 a partial response looks like a whole one. Nothing was run; use HTTP/1.1."
_STOPPING = "The service is stopping and cancelled the response. Nothing was changed; it is safe to try again."


class ResponseSource(Protocol):
    """The body of a streamed response. All methods but the last two are called from one thread at a time."""

    def pieces(self) -> Iterator[Piece]:
        """Lazy: the work starts with the first piece. Closing the iterator releases all resources."""

    def headers(self) -> Mapping[str, str]:
        """Further headers. Called when the first piece is ready."""

    def recheck(self) -> None:
        """Raises `NotSignedIn` or `AccessDenied` once the caller may no longer read the body. From any thread."""

    def cancel(self) -> None:
        """Cancel the running work, from any thread; `pieces` then raises."""


class StreamedResponse:
    """Sends the pieces of a source as they become ready. A handler returns it as an `ASGIApp`."""

    def __init__(self, source: ResponseSource, media_type: str) -> None:
        self._source = source
        self._media_type = media_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("http_version") in {"1", "1.0"}:
            raise HTTPException(_HTTP_1_1_NEEDED, status_code=505)
        gone = asyncio.ensure_future(disconnected(receive))
        sent = asyncio.ensure_future(self._send_all(send))
        revoked = asyncio.ensure_future(revocation(self._source.recheck))
        awaited: set[asyncio.Future[Any]] = {gone, sent, revoked}
        try:
            with shutdown_of(scope).cancel_at_deadline(sent):
                await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            if not sent.done():
                sent.cancel()
            await sent
        except asyncio.CancelledError:
            if not sent.done():  # this request itself was cancelled, not the sending
                raise
            if revoked.done():
                raise revoked.result() from None
            if not gone.done():
                raise HTTPException(_STOPPING, status_code=503) from None
        finally:
            for each in awaited:
                each.cancel()

    async def _send_all(self, send: Send) -> None:
        pieces = _Prefetcher(self._source)
        try:
            piece = await pieces.next()
            headers = {"content-type": self._media_type, **self._source.headers()}
            encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": 200, "headers": encoded})
            while piece is not None:
                for part in piece:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                piece = await pieces.next()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await pieces.close()


class _Prefetcher:
    """The pieces of a source. While one is sent, a thread makes the next."""

    def __init__(self, source: ResponseSource) -> None:
        self._source = source
        self._pieces = source.pieces()
        self._upcoming = self._fetch()

    async def next(self) -> Piece | None:
        """The next piece; None after the last."""
        piece = await asyncio.shield(self._upcoming)
        if piece is not None:
            self._upcoming = self._fetch()
        return piece

    async def close(self) -> None:
        """Cancel the work if it still runs, and release the source."""
        if not self._upcoming.done():
            self._source.cancel()
            await asyncio.wait({self._upcoming})
        if not self._upcoming.cancelled():
            self._upcoming.exception()  # marks it as retrieved: it was raised already, or is no longer wanted
        await sync_to_thread(_close, self._pieces)

    def _fetch(self) -> asyncio.Future[Piece | None]:
        return asyncio.ensure_future(sync_to_thread(_next_piece, self._pieces))


def _next_piece(pieces: Iterator[Piece]) -> Piece | None:
    """The next piece that is not empty, without its empty parts; None after the last."""
    without_empty_parts = ([part for part in piece if part] for piece in pieces)
    return next((piece for piece in without_empty_parts if piece), None)


def _close(pieces: Iterator[Piece]) -> None:
    close: Callable[[], None] | None = getattr(pieces, "close", None)
    if close:
        close()
