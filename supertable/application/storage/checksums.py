"""The digest that verifies stored bytes. It detects damage, but is no protection against forgery."""

from __future__ import annotations

import xxhash

DIGEST_LENGTH = 32


class Digest:
    """XXH3, 128 bits, as 32 hex digits. Source: the xxHash specification."""

    def __init__(self) -> None:
        self._state = xxhash.xxh3_128()

    def update(self, data: bytes | memoryview) -> None:
        self._state.update(data)

    def hex(self) -> str:
        return self._state.hexdigest()


def digest_of(*parts: bytes) -> str:
    digest = Digest()
    for part in parts:
        digest.update(part)
    return digest.hex()
