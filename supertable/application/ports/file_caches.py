"""Copies of a store's immutable objects on this machine, so that they need not be fetched again."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from supertable.application.ports.object_stores import ObjectStore, ObjectWriter


class NoCopy(Exception):
    """There is no room for the copy, or it could not be written; nothing of it is left."""


class CacheUse(Protocol):
    """One query's, or one write's, use of the cache: what was found or filled stays there until `close`.

    It ends too when it is garbage or its process dies. Safe for threads.
    """

    @property
    def copies(self) -> ObjectStore:
        """The copies as objects under the keys they have in their own store. They are dropped by deleting them."""

    def kept(self, keys: Collection[str]) -> set[str]:
        """Those of the keys that have a copy. What a copy holds is not checked."""

    def fill(self, key: str, bytes: int) -> AbstractContextManager[ObjectWriter]:
        """Write the copy of an object of about so many bytes; it exists, whole, after the block. Raises `NoCopy`,
        for objects too large for the cache at once.

        Somebody else may make the copy meanwhile: then that one stays. Leaving the block with an error leaves none.
        """

    def close(self) -> None:
        """No-op the second time."""


class FileCache(Protocol):
    """Bounded: the copies used least recently go first, never one that a use keeps. Safe for threads and processes."""

    @property
    def copies(self) -> ObjectStore:
        """Those of every use."""

    @property
    def max_query_bytes(self) -> int:
        """What one query lacks is copied if it is not more than this."""

    def use(self) -> CacheUse:
        """Raises `NoCopy` where the cache cannot be used at all."""
