"""Small objects that carry their own digest: 32 hex digits, a line feed, the body.

The digest covers the object's key too, so that an object moved to another key counts as damaged.
"""

from __future__ import annotations

from supertable.application.storage.checksums import DIGEST_LENGTH, digest_of
from supertable.domain.errors import ObjectDamaged


def sealed(key: str, body: bytes) -> bytes:
    return _seal(key, body) + b"\n" + body


def opened(key: str, data: bytes) -> bytes:
    """The body. Raises `ObjectDamaged` when the body or the key differs from what was written."""
    body = data[DIGEST_LENGTH + 1 :]
    if data[: DIGEST_LENGTH + 1] != _seal(key, body) + b"\n":
        raise ObjectDamaged(key, "its digest does not match its bytes")
    return body


def _seal(key: str, body: bytes) -> bytes:
    return digest_of(key.encode(), b"\0", body).encode()
