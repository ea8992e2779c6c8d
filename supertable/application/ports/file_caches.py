"""A local cache of a store's immutable objects, so that they need not be fetched again."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from supertable.application.ports.object_stores import ObjectStore, ObjectWriter


class NoCopy(Exception):
    """There is no room for the copy, or it could not be written. No partial copy remains."""


class CacheUse(Protocol):
    """The use of the cache by one query or write: copies that it found or filled are not evicted until `close`.

    It also ends when it is garbage-collected or its process dies. Thread-safe.
    """

    @property
    def copies(self) -> ObjectStore:
        """The copies, as objects under the same keys as in the original store. Deleting an object drops its copy."""

    def find(self, keys: Collection[str]) -> set[str]:
        """Those of the keys that have a copy, which this use then keeps. The copies' content is not verified."""

    def fill(self, key: str, bytes: int) -> AbstractContextManager[ObjectWriter]:
        """Write the copy of an object of about `bytes` bytes. It exists, whole, after the block.

        If another use completes the same copy first, that one stays. Leaving the block with an error leaves no copy.
        Raises `NoCopy`; for objects too large for the cache, on entry.
        """

    def close(self) -> None:
        """No-op the second time."""


class FileCache(Protocol):
    """Bounded in size: evicts the least recently used copies, never one that a use keeps.

    Safe for any number of threads and processes.
    """

    @property
    def copies(self) -> ObjectStore:
        """All copies, of every use, as `CacheUse.copies`."""

    @property
    def max_query_bytes(self) -> int:
        """Files that one query lacks are copied only if together they are not larger than this."""

    def use(self) -> CacheUse:
        """Begin a use. Raises `NoCopy` if the cache cannot be used at all."""
