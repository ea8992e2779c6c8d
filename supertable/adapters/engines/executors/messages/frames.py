"""Messages between a service and its executors: a kind, a length, and bytes, over a socket."""

from __future__ import annotations

import socket
import struct
from collections.abc import Sequence
from enum import Enum

_HEADER = struct.Struct(">cQ")
SLOT = struct.Struct(">QQ")
"""The length of the data in a slot, and the number of rows that begin there."""
_MAX_BYTES = 2**40
_MOST_BUFFERS = 512
Buffer = bytes | bytearray | memoryview


class Kind(Enum):
    """What a frame is. A frame of data describes the next slot of the ring, which holds the data."""

    REQUEST = b"Q"
    ANSWER = b"A"
    REFUSAL = b"!"
    READY = b"R"
    BEGUN = b"B"
    CALL = b"?"
    DATA = b"D"
    ERROR = b"E"
    END = b"Z"


class Lost(Exception):
    """The other process has ended."""


def send(to: socket.socket, kind: Kind, *parts: Buffer) -> None:
    """Send one frame that consists of the parts, without joining them. Raises `Lost`."""
    views = [memoryview(part).cast("B") for part in parts if len(part)]
    views.insert(0, memoryview(_HEADER.pack(kind.value, sum(view.nbytes for view in views))))
    try:
        while views:
            views = _rest(views, to.sendmsg(views[:_MOST_BUFFERS]))
    except (BrokenPipeError, ConnectionResetError):
        raise Lost from None


def receive_header(of: socket.socket) -> tuple[Kind, int]:
    """The kind and the length of the next frame. Raises `Lost`, and `TimeoutError` at the socket's time limit."""
    kind, size = _HEADER.unpack(receive_bytes(of, _HEADER.size))
    if size > _MAX_BYTES:
        raise Lost
    try:
        return Kind(kind), size
    except ValueError:
        raise Lost from None


def receive_bytes(of: socket.socket, size: int) -> bytearray:
    """Exactly `size` bytes."""
    data = bytearray(size)
    view = memoryview(data)
    while view:
        try:
            count = of.recv_into(view)
        except ConnectionResetError:
            raise Lost from None
        if not count:
            raise Lost
        view = view[count:]
    return data


def receive(of: socket.socket) -> tuple[Kind, bytearray]:
    """The next frame."""
    kind, size = receive_header(of)
    return kind, receive_bytes(of, size)


def _rest(views: Sequence[memoryview], sent: int) -> list[memoryview]:
    """What remains of the buffers after the first `sent` bytes."""
    for number, view in enumerate(views):
        if sent < view.nbytes:
            return [view[sent:], *views[number + 1 :]]
        sent -= view.nbytes
    return []
