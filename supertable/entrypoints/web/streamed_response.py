"""Answers of any length, in bounded memory: pieces are made in threads, at the pace at which the client takes them.

Nothing is sent before the first piece is there, so that what fails until then is a problem document. What fails later
breaks the connection off: a part of an answer must not look like a whole one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException
from litestar.types import Receive, Scope, Send

from supertable.entrypoints.encoding.results import Piece
from supertable.entrypoints.web.dependencies import stopping_of

_TOO_OLD = "Over HTTP/1.0 an answer that breaks off looks like a whole one. Nothing was run; use HTTP/1.1."

_STOPPING = "The service stops, and the answer was broken off. Nothing was changed; it is safe to try again."


class Source(Protocol):
    """What is streamed. All but `cancel` is called from one thread at a time."""

    def pieces(self) -> Iterator[Piece]:
        """Lazy: the work begins with the first piece. Closing the iterator lets go of everything."""

    def headers(self) -> Mapping[str, str]:
        """Asked for when the first piece is there."""

    def cancel(self) -> None:
        """Stop the work in progress, from any thread; `pieces` then raises."""


class StreamedResponse:
    """An answer made of the pieces of a source as they come. A handler returns it as an `ASGIApp`."""

    def __init__(self, source: Source, media_type: str) -> None:
        self._source = source
        self._media_type = media_type

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("http_version") in {"1", "1.0"}:
            raise HTTPException(_TOO_OLD, status_code=505)
        gone = asyncio.ensure_future(_disconnected(receive))
        sent = asyncio.ensure_future(self._send_all(send))
        try:
            with stopping_of(scope).breakable(sent):
                await asyncio.wait({gone, sent}, return_when=asyncio.FIRST_COMPLETED)
            if not sent.done():
                sent.cancel()
            await sent
        except asyncio.CancelledError:
            if not sent.done():  # it is the answer itself that is given up
                raise
            if not gone.done():
                raise HTTPException(_STOPPING, status_code=503) from None
        finally:
            sent.cancel()
            gone.cancel()

    async def _send_all(self, send: Send) -> None:
        pieces = _Ahead(self._source)
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


class _Ahead:
    """The pieces of a source; one is made while the one before it is sent."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pieces = source.pieces()
        self._coming = self._pull()

    async def next(self) -> Piece | None:
        """None after the last."""
        piece = await asyncio.shield(self._coming)
        if piece is not None:
            self._coming = self._pull()
        return piece

    async def close(self) -> None:
        """Stops the work where it is not done."""
        if not self._coming.done():
            self._source.cancel()
            await asyncio.wait({self._coming})
        if not self._coming.cancelled():
            self._coming.exception()  # has been raised, or nobody waits for it any more
        await sync_to_thread(_closed, self._pieces)

    def _pull(self) -> asyncio.Future[Piece | None]:
        return asyncio.ensure_future(sync_to_thread(_next, self._pieces))


def _next(pieces: Iterator[Piece]) -> Piece | None:
    """Nothing is sent of an empty piece, nor an empty part."""
    filled = ([part for part in piece if part] for piece in pieces)
    return next((piece for piece in filled if piece), None)


def _closed(pieces: Iterator[Piece]) -> None:
    close: Callable[[], None] | None = getattr(pieces, "close", None)
    if close:
        close()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
