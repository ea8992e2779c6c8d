"""Opaque cursors: the position after which the next page of a list begins.

A cursor names a position by key, not by number, so entries that are added or removed concurrently shift no page.
It is bound to its list and carries a checksum, so a damaged cursor, or one of another list, is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TypeVar

import msgspec

from supertable.domain.errors import InvalidInput

Position = TypeVar("Position", str, int)

_CHECKSUM_BYTES = 8


def encode_cursor(listing: str, position: str | int) -> str:
    """The cursor for a position in the list named `listing`."""
    data = msgspec.json.encode(position)
    return base64.urlsafe_b64encode(_checksum(listing, data) + data).decode().rstrip("=")


def decode_cursor(listing: str, cursor: str | None, kind: type[Position]) -> Position | None:
    """The position of the cursor, of type `kind`; None without a cursor: the start of the list.

    Raises `InvalidInput` for a cursor that is damaged or of another list.
    """
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        data = packed[_CHECKSUM_BYTES:]
        if packed[:_CHECKSUM_BYTES] != _checksum(listing, data):
            raise ValueError
        return msgspec.json.decode(data, type=kind)
    except (ValueError, binascii.Error, msgspec.DecodeError):
        raise InvalidInput("The cursor does not belong to this list. Start without a cursor.") from None


def _checksum(listing: str, data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_CHECKSUM_BYTES, key=hashlib.sha256(listing.encode()).digest()).digest()
