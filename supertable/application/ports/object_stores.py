"""Object storage, or a folder that behaves like it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class PutConflict(Exception):
    """`put_if_absent` found that the key exists. Nothing was written."""


class PutAmbiguous(Exception):
    """It is unknown whether a `put_if_absent` took effect. `settle` finds out."""


class ObjectChanged(Exception):
    """`read_range` found that the object no longer has the given fingerprint."""


@dataclass(frozen=True, slots=True)
class ObjectRange:
    """Some bytes of an object, the size of the whole object in bytes, and its fingerprint."""

    data: bytes
    object_bytes: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One entry of a listing. `modified_at_us`: by the store's clock, microseconds since 1970 UTC."""

    key: str
    bytes: int
    modified_at_us: int


class ObjectWriter(Protocol):
    """A new object being written. It exists, whole and durable, only once `close` has returned."""

    def write(self, data: bytes, /) -> int: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


class ObjectStore(Protocol):
    """Keys are `/`-separated relative paths of ASCII letters, digits and `._=-`; values are immutable bytes.

    Every method raises `StoreUnavailable` when the store does not answer or refuses the credentials. Once a write
    returns, it is durable (even through power loss) and visible to every later read and listing.
    """

    def put_if_absent(self, key: str, data: bytes) -> None:
        """Create the object, whole or not at all. Of any number of callers, exactly one wins.

        Raises `PutConflict` when the key exists, `PutAmbiguous` when the answer was lost.
        """

    def settle(self, key: str) -> bytes | None:
        """After `PutAmbiguous`: the durable content of the object, or None when it does not exist.

        Raises `StoreUnavailable` when neither can be established.
        """

    def put(self, key: str, data: bytes) -> None:
        """Create or replace the object atomically: readers see either the old bytes or the new ones."""

    def open_writer(self, key: str) -> AbstractContextManager[ObjectWriter]:
        """Stream a new object under a key that no other writer uses. An error within the block leaves no object."""

    def read(self, key: str) -> bytes | None:
        """The whole object, or None when it does not exist."""

    def chunks(self, key: str) -> Iterator[bytes]:
        """The whole object in chunks of bounded size, in order. Raises `KeyError` when it does not exist."""

    def read_range(self, key: str, start: int, length: int, fingerprint: str | None) -> ObjectRange | None:
        """`length` bytes (at least one) from `start`, fewer at the object's end, none past it. None: no object.

        Raises `ObjectChanged` unless the object has the `fingerprint`; None: any.
        """

    def fingerprint(self, key: str) -> str | None:
        """A token that changes when the object may have changed; None when it does not exist. As cheap as `size`."""

    def size(self, key: str) -> int | None:
        """The object's size in bytes, or None when it does not exist. One cheap call: also the test for existence."""

    def list(self, prefix: str, start_after: str = "") -> Iterator[StoredObject]:
        """Objects whose key starts with `prefix` and sorts after `start_after`, in key order (bytewise)."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The distinct next path segments under `prefix` (which ends with `/` or is empty), sorted.

        Some servers show a folder for a while after its last object was deleted.
        """

    def delete(self, keys: Iterable[str]) -> None:
        """Delete the objects. Keys that do not exist are ignored."""

    def location(self, key: str) -> str:
        """The absolute path or URL by which a query engine opens this object. It is not checked to exist."""

    def signed_location(self, key: str, seconds: int) -> str:
        """A URL that is readable without credentials for `seconds`, or `location` where none are needed."""
