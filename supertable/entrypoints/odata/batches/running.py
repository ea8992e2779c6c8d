"""A batch as a body: its requests run one after the other, and each answer is sent before the next one is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from supertable.entrypoints.encoding.results import Piece, split_into_parts
from supertable.entrypoints.odata.answers.answer import Answer, Document, Rows
from supertable.entrypoints.odata.answers.error_documents import error_document
from supertable.entrypoints.odata.batches.parts import Part, request_of
from supertable.entrypoints.odata.requests.incoming import Incoming
from supertable.entrypoints.odata.requests.preferences import preferences
from supertable.entrypoints.odata.requests.protocol import version_of
from supertable.entrypoints.web.responses.streamed_response import ResponseSource

Answering = Callable[[Incoming], Answer]
Written = Callable[[Part, Document], bytes]
_SKIPPED = Document(status=424)
"""The answer to a request that needs another one, which failed."""


class BatchBody:
    """The answers of a batch. `start`, `written`, `end`: its format. After the first failure the others are not run,
    unless the client prefers to continue."""

    def __init__(
        self,
        batch: Incoming,
        parts: Sequence[Part],
        answering: Answering,
        written: Written,
        start: bytes = b"",
        between: bytes = b"",
        end: bytes = b"",
    ) -> None:
        self._batch = batch
        self._parts = parts
        self._answering = answering
        self._written = written
        self._frame = (start, between, end)
        self._running: ResponseSource | None = None
        self._cancelled = False

    def pieces(self) -> Iterator[Piece]:
        start, between, end = self._frame
        failed: set[str] = set()
        goes_on = preferences(self._batch.headers).continue_on_error
        for number, part in enumerate(self._parts):
            needed = failed & {*part.needs, part.group}
            found = _SKIPPED if needed else self._answered(part)
            before = between if number else start
            yield split_into_parts([before + self._written(part, found)])
            if found.status >= 400:
                failed |= {part.id, part.group} - {""}
                if not goes_on:
                    break
        yield [(b"" if self._parts else start) + end]

    def headers(self) -> Mapping[str, str]:
        return {"OData-Version": version_of(self._batch.headers)}

    def recheck(self) -> None:
        if self._running is not None:
            self._running.recheck()

    def cancel(self) -> None:
        self._cancelled = True
        if self._running is not None:
            self._running.cancel()

    def _answered(self, part: Part) -> Document:
        try:
            found = self._answering(request_of(self._batch, part))
            return self._collected(found) if isinstance(found, Rows) else found
        except Exception as error:
            if self._cancelled:
                raise
            return error_document(error, version_of(self._batch.headers))

    def _collected(self, rows: Rows) -> Document:
        """A page as a whole: an error in its middle must become the answer of the part."""
        self._running = rows.source
        try:
            body = b"".join(part for piece in rows.source.pieces() for part in piece)
            return Document(body, rows.content_type, headers=rows.source.headers())
        finally:
            self._running = None
