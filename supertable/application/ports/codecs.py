"""Encoding of log records, checkpoints and other documents as bytes."""

from __future__ import annotations

from typing import Protocol, TypeVar

Body = TypeVar("Body")
Record = TypeVar("Record")
State = TypeVar("State")


class Undecodable(Exception):
    """The bytes are not a document of this kind. The message says why, without quoting them."""


class TooNew(Exception):
    """The document has a newer format (`found`) than this codec supports (up to `known`)."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"format {found}, known up to {known}")
        self.found = found
        self.known = known


class DocumentCodec(Protocol[Body]):
    """One kind of document. Decoding raises only `Undecodable` and `TooNew`, whatever the bytes."""

    def encode(self, body: Body) -> bytes: ...

    def decode(self, data: bytes) -> Body: ...


class LogCodec(Protocol[Record, State]):
    """The records of a log and its checkpointed states. Decoding raises only `Undecodable` and `TooNew`."""

    def encode_record(self, record: Record) -> bytes: ...

    def decode_record(self, data: bytes) -> Record: ...

    def encode_state(self, state: State) -> bytes: ...

    def decode_state(self, data: bytes) -> State: ...
