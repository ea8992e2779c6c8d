"""The address of a service. The workers of one service share its port, so the system alone would let two services do.

A service holds its address for as long as it runs: by a socket that does not listen, and that only sockets of the same
user which share the port may join. It binds the socket without sharing, which fails if anybody else has the address, or
one that overlaps with it, like 0.0.0.0.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from supertable.domain.errors import AddressInUse, InvalidInput


@contextmanager
def reserved_address(host: str, port: int) -> Iterator[None]:
    """Hold the address within the block. Raises `AddressInUse`, and `InvalidInput` for an unknown host."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise InvalidInput(f"The service cannot listen on {host!r}: {error.strerror}.") from None
    try:
        holder = _bound(family, address, reuse=False) or _bound(family, address, reuse=True)
    except OSError as error:
        raise InvalidInput(f"The service cannot listen on {host} at port {port}: {error.strerror}.") from None
    if holder is None:
        raise AddressInUse(host, port)
    with holder:
        yield


def _bound(family: int, address: tuple[object, ...], reuse: bool) -> socket.socket | None:
    """A bound socket that workers may join; None if the address is in use.

    `reuse`: whether closed connections of an earlier service may remain. Two services that start at the same moment
    could both succeed with it, so that it is tried second.
    """
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
        holder.bind(address)
    except OSError as error:
        holder.close()
        if error.errno != errno.EADDRINUSE:
            raise
        return None
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return holder
