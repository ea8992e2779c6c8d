"""Where bytes are kept: object storage, or a folder that behaves like it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class PutConflict(Exception):
    """`put_if_absent` found the key taken; nothing was written."""


class PutAmbiguous(Exception):
    """It is not known whether a `put_if_absent` took effect; `settle` finds out."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One entry of a listing. `modified_at_us` is the store's clock, microseconds since 1970 UTC."""

    key: str
    bytes: int
    modified_at_us: int


class ObjectWriter(Protocol):
    """A new object being streamed. It exists, whole and durable, only once `close` has returned."""

    def write(self, data: bytes, /) -> int: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


class ObjectStore(Protocol):
    """Keys are `/`-separated relative paths of ASCII letters, digits and `._=-`; values are immutable bytes.

    Every method raises `StoreUnavailable` when the store does not answer or refuses the credentials. Every write
    is durable (power loss included) when its method returns. Reads after a write see it, listings too.
    """

    def put_if_absent(self, key: str, data: bytes) -> None:
        """Create the object, whole or not at all. Of any number of callers, exactly one wins.

        Raises `PutConflict` when the key exists, `PutAmbiguous` when the answer got lost.
        """

    def settle(self, key: str) -> bytes | None:
        """After `PutAmbiguous`: the object as it durably is, or None when there is none.

        Raises `StoreUnavailable` when neither can be established.
        """

    def put(self, key: str, data: bytes) -> None:
        """Create or replace the object atomically; readers see the old bytes or the new, never a mixture."""

    def open_writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        """Stream a new object under a key that nobody else uses. Leaving the block with an error leaves no object."""

    def read(self, key: str) -> bytes | None:
        """The whole object, or None when there is none."""

    def chunks(self, key: str) -> Iterator[bytes]:
        """The whole object in pieces of bounded size, in order. Raises `KeyError` when there is none."""

    def fingerprint(self, key: str) -> str | None:
        """Differs whenever the object's bytes may differ, and costs no more than `size`; None when there is none."""

    def size(self, key: str) -> int | None:
        """The object's size in bytes, or None when there is none. One cheap call: this is also the probe."""

    def list(self, prefix: str, start_after: str = "") -> Iterator[StoredObject]:
        """Objects whose key starts with `prefix` and sorts after `start_after`, in key order (bytewise)."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The distinct next path segments under `prefix` (which ends with `/` or is empty), sorted.

        Some servers show a folder for a while after its last object was deleted.
        """

    def delete(self, keys: Iterable[str]) -> None:
        """Remove the objects; a key that does not exist is no error."""

    def location(self, key: str) -> str:
        """What a query engine opens to read this object: an absolute path or a URL."""

    def signed_location(self, key: str, seconds: int) -> str:
        """The same, but readable without credentials for that long; just `location` where none are needed."""
