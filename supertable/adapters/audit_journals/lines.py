"""Events as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import msgspec

from supertable.domain.audit import AuditEvent, AuditKind

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(AuditEvent)


def encoded(event: AuditEvent) -> bytes:
    """One line, with its line feed. Lone surrogates, which no text in UTF-8 has, become question marks."""
    try:
        return _ENCODER.encode(event) + b"\n"
    except UnicodeEncodeError:
        return _ENCODER.encode(_cleaned(event)) + b"\n"


def decoded(data: bytes, organization: str, at_us: int) -> Iterator[AuditEvent]:
    """The events of whole lines. A line that is damaged becomes an event that says so, so that its loss is seen."""
    for line in data.split(b"\n")[:-1]:  # what has no line feed was never said to be recorded
        try:
            yield _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield AuditEvent(at_us, organization, AuditKind.JOURNAL, "read", outcome="Damaged")


def _cleaned(event: AuditEvent) -> AuditEvent:
    values = {one.name: getattr(event, one.name) for one in fields(event)}
    clean: dict[str, Any] = {name: _text(value) for name, value in values.items() if type(value) is str}
    return replace(event, tables=tuple(map(_text, event.tables)), **clean)


def _text(text: str) -> str:
    return text.encode(errors="replace").decode()
