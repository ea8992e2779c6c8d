"""What a resource answers: a document, or rows that are streamed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from supertable.entrypoints.web.responses.streamed_response import ResponseSource


@dataclass(frozen=True, slots=True)
class Document:
    """A whole answer."""

    body: bytes = b""
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rows:
    """An answer that is made while it is sent. Its source has further headers."""

    source: ResponseSource
    content_type: str


Answer = Document | Rows
