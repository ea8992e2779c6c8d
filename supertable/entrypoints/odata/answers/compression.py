"""Answers as gzip, for clients that accept it. Rows are compressed by the thread that encodes them."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping

from supertable.entrypoints.encoding.results import Piece
from supertable.entrypoints.odata.answers.answer import Answer, Document, Rows
from supertable.entrypoints.web.responses.streamed_response import ResponseSource

_LEVEL = 1
"""Text of rows shrinks to a fifth at the lowest level already; higher ones take several times as long."""
_SMALL_BYTES = 1_000
_HEADERS = {"Content-Encoding": "gzip"}


def compressed(answer: Answer, accept_encoding: str) -> Answer:
    """The answer, compressed if the client accepts it and it is worth it."""
    if not _accepts_gzip(accept_encoding):
        return answer
    if isinstance(answer, Rows):
        return Rows(_Compressed(answer.source), answer.content_type)
    if len(answer.body) < _SMALL_BYTES:
        return answer
    headers = {**answer.headers, **_HEADERS}
    return Document(gzip.compress(answer.body, _LEVEL, mtime=0), answer.content_type, answer.status, headers)


class _Compressed:
    def __init__(self, source: ResponseSource) -> None:
        self._source = source

    def pieces(self) -> Iterator[Piece]:
        packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        for piece in self._source.pieces():
            yield [packer.compress(part) for part in piece]
        yield [packer.flush()]

    def headers(self) -> Mapping[str, str]:
        return {**self._source.headers(), **_HEADERS, "Vary": "Accept-Encoding"}

    def recheck(self) -> None:
        self._source.recheck()

    def cancel(self) -> None:
        self._source.cancel()


def _accepts_gzip(accept_encoding: str) -> bool:
    for each in accept_encoding.lower().split(","):
        name, _, parameters = each.partition(";")
        if name.strip() in ("gzip", "*") and parameters.replace(" ", "") not in ("q=0", "q=0.0"):
            return True
    return False
