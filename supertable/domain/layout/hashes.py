"""The hash behind buckets. It is a part of the storage format (docs/storage-format.md) and never changes.

Integers are hashed in the units of ranges: days, the unit of a timestamp, unscaled decimals.
"""

from __future__ import annotations

HASHED_BYTES = 256
"""So many bytes of a text are hashed, and its length."""

_MASK = 2**64 - 1
_WORD = 8


def mixed(word: int) -> int:
    """The last steps of splitmix64 (Steele, Lea and Flood, 2014)."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return word ^ (word >> 31)


def integer_hash(value: int) -> int:
    """Of the 128 bits of the two's complement."""
    return mixed((value & _MASK) ^ mixed((value >> 64) & _MASK))


def bytes_hash(value: bytes) -> int:
    """Of the length, and of the first bytes as little-endian words, of which the last is filled with zeros."""
    found = mixed(len(value))
    for start in range(0, min(len(value), HASHED_BYTES), _WORD):
        found = mixed(found ^ int.from_bytes(value[start : min(start + _WORD, HASHED_BYTES)], "little"))
    return found


def bucket(value: int | str | bytes, buckets: int) -> int:
    """The number of the value's bucket, from 0."""
    if isinstance(value, int):
        return integer_hash(value) % buckets
    return bytes_hash(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value) % buckets
