"""Log records and checkpoints as JSON documents: `{"format": 1, "body": …}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from supertable.application.ports.codecs import TooNew, Undecodable
from supertable.domain.commits import Commit
from supertable.domain.registry import Registry, RegistryCommit
from supertable.domain.snapshots import Snapshot

FORMAT = 1

Body = TypeVar("Body")
Record = TypeVar("Record")
State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class _Document(Generic[Body]):
    format: int
    body: Body


class _Header(msgspec.Struct):
    format: int


class _JsonDocument(Generic[Body]):
    def __init__(self, kind: type[Body]) -> None:
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(_Document[kind])  # type: ignore[valid-type]
        self._header = msgspec.json.Decoder(_Header)

    def encode(self, body: Body) -> bytes:
        return self._encoder.encode(_Document(FORMAT, body))

    def decode(self, data: bytes) -> Body:
        try:
            found = self._header.decode(data).format
            if found > FORMAT:
                raise TooNew(found, FORMAT)
            return self._decoder.decode(data).body
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Undecodable(f"it is not a valid document ({error})") from error


class JsonLogCodec(Generic[Record, State]):
    """A `LogCodec` of two kinds of document."""

    def __init__(self, record: type[Record], state: type[State]) -> None:
        self._record = _JsonDocument(record)
        self._state = _JsonDocument(state)

    def encode_record(self, record: Record) -> bytes:
        return self._record.encode(record)

    def decode_record(self, data: bytes) -> Record:
        return self._record.decode(data)

    def encode_state(self, state: State) -> bytes:
        return self._state.encode(state)

    def decode_state(self, data: bytes) -> State:
        return self._state.decode(data)


def table_log_codec() -> JsonLogCodec[Commit, Snapshot]:
    return JsonLogCodec(Commit, Snapshot)


def registry_log_codec() -> JsonLogCodec[RegistryCommit, Registry]:
    return JsonLogCodec(RegistryCommit, Registry)
