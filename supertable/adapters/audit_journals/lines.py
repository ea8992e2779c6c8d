"""Audit events as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import msgspec

from supertable.domain.audit import AuditEvent, AuditKind

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(AuditEvent)


def encoded(event: AuditEvent) -> bytes:
    """One line, with its line feed. Lone surrogates, which UTF-8 cannot encode, become question marks."""
    try:
        return _ENCODER.encode(event) + b"\n"
    except UnicodeEncodeError:
        return _ENCODER.encode(_without_surrogates(event)) + b"\n"


def decoded(data: bytes, organization: str, at_us: int) -> Iterator[AuditEvent]:
    """The events of the complete lines. A damaged line becomes an event with the outcome `Damaged` at `at_us`, so that
    the loss is visible.
    """
    for line in data.split(b"\n")[:-1]:  # `append` never returned for text without a line feed
        try:
            yield _DECODER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield AuditEvent(at_us, organization, AuditKind.JOURNAL, "read", outcome="Damaged")


def _without_surrogates(event: AuditEvent) -> AuditEvent:
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    clean: dict[str, Any] = {name: _encodable(value) for name, value in values.items() if type(value) is str}
    return replace(event, tables=tuple(map(_encodable, event.tables)), **clean)


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()
