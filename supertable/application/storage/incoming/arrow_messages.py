"""Messages of Arrow IPC streams: how large their buffers become, read from their metadata before any is unpacked.

The format: https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

_CONTINUATION = b"\xff\xff\xff\xff"
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_PREFIX_BYTES = 8
_MOST_METADATA_BYTES = 64 * 1024 * 1024

Data: TypeAlias = "bytes | memoryview"
Read = Callable[[int], Data]
"""Returns exactly so many bytes, fewer only at the end."""


@dataclass(frozen=True, slots=True)
class MessageSize:
    """`packed`: the whole message, in parts. `unpacked`: the bytes of its buffers, once they are decompressed."""

    packed: tuple[Data, ...]
    unpacked: int
    has_rows: bool


class CheckedMessages:
    """A stream, as a file to read, that refuses a message before its buffers unpack to more than `most_bytes`."""

    closed = False

    def __init__(self, read: Read, most_bytes: int) -> None:
        self._messages = messages(read, most_bytes, most_bytes)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """Raises `ValueError` for a message that is damaged or too large."""
        while len(self._rest) < size and (message := next(self._messages, None)):
            self._rest = b"".join((self._rest, *message.packed))
        result, self._rest = self._rest[:size], self._rest[size:]
        return result

    def readable(self) -> bool:
        return True


def messages(read: Read, most_packed: int, most_unpacked: int) -> Iterator[MessageSize]:
    """The messages of a stream, up to its end. Raises `ValueError` for one that is damaged or too large.

    `most_unpacked`: the limit of what is decompressed at once.
    """
    while prefix := bytes(read(4)):
        size = bytes(read(4)) if prefix == _CONTINUATION else prefix
        length = int.from_bytes(size, "little", signed=True)
        if length > _MOST_METADATA_BYTES:
            raise ValueError("the metadata of a message is too large")
        if length <= 0:
            yield MessageSize((prefix, b"" if size is prefix else size), 0, False)
            return
        metadata = bytes(read(length))
        try:
            table = _Table.root(metadata)
            kind, body_bytes = table.byte(1), table.long(3)
            if not 0 <= body_bytes <= most_packed:
                raise ValueError(f"a record batch is larger than {most_packed:,} bytes")
            body = read(body_bytes)
            unpacked = _unpacked(table, kind, body)
        except (struct.error, IndexError) as error:
            raise ValueError("the metadata of a message is damaged") from error
        if unpacked is not None and unpacked > most_unpacked:
            raise ValueError(f"a record batch unpacks to more than {most_unpacked:,} bytes")
        parts = (prefix, b"" if size is prefix else size, metadata, body)
        yield MessageSize(parts, len(body) if unpacked is None else unpacked, kind == _RECORD_BATCH)


def _unpacked(message: _Table, kind: int, body: Data) -> int | None:
    """What a compressed batch unpacks to; None if it is not compressed."""
    batch = message.table(2) if kind in (_DICTIONARY_BATCH, _RECORD_BATCH) else None
    if batch is not None and kind == _DICTIONARY_BATCH:
        batch = batch.table(1)
    if batch is None or batch.table(3) is None:
        return None
    return sum(_unpacked_buffer(body, offset, length) for offset, length in batch.pairs(2))


def _unpacked_buffer(body: Data, offset: int, length: int) -> int:
    """A compressed buffer begins with its size when unpacked; -1: it is not compressed."""
    if length < _PREFIX_BYTES:
        return max(length, 0)
    (size,) = struct.unpack_from("<q", body, offset)
    if size < -1:
        raise ValueError("the size of a buffer is negative")
    return length if size == -1 else int(size)


class _Table:
    """A table of a FlatBuffer."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position
        self._fields = position - struct.unpack_from("<i", data, position)[0]
        if self._fields < 0:
            raise IndexError

    @classmethod
    def root(cls, data: bytes) -> _Table:
        return cls(data, struct.unpack_from("<I", data, 0)[0])

    def byte(self, field: int) -> int:
        at = self._at(field)
        return self._data[at] if at else 0

    def long(self, field: int) -> int:
        at = self._at(field)
        return int(struct.unpack_from("<q", self._data, at)[0]) if at else 0

    def table(self, field: int) -> _Table | None:
        at = self._at(field)
        return _Table(self._data, at + struct.unpack_from("<I", self._data, at)[0]) if at else None

    def pairs(self, field: int) -> Iterator[tuple[int, int]]:
        """A vector of structs of two 64-bit integers."""
        at = self._at(field)
        if at:
            start = at + struct.unpack_from("<I", self._data, at)[0]
            (count,) = struct.unpack_from("<I", self._data, start)
            if start + 4 + 16 * count > len(self._data):
                raise IndexError
            yield from struct.iter_unpack("<qq", self._data[start + 4 : start + 4 + 16 * count])

    def _at(self, field: int) -> int:
        """The position of a field; 0 if it is absent."""
        (size,) = struct.unpack_from("<H", self._data, self._fields)
        entry = 4 + 2 * field
        offset = struct.unpack_from("<H", self._data, self._fields + entry)[0] if entry < size else 0
        return self._position + int(offset) if offset else 0
