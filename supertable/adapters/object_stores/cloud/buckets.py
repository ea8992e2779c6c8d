"""The interface of a provider's bucket that `CloudObjectStore` uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from supertable.application.ports.object_stores import StoredObject


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """The size of an object, and a tag (ETag, generation) that changes whenever its bytes may have changed."""

    bytes: int
    tag: str


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Some bytes of an object, and the object's info."""

    data: bytes
    info: ObjectInfo


class Replaced(Exception):
    """The object no longer has the requested tag."""


class Bucket(Protocol):
    """Keys here begin with the deployment's prefix. Safe for threads, and usable after a fork.

    The SDK does retries, timeouts and back-off, by its settings. Every method lets the SDK's errors through: they are
    among `failures`, and `reason` describes them without credentials or signed addresses. A body shorter than its
    declared length is such an error, never a short result.
    """

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """The errors that the SDK raises."""

    @property
    def max_deleted_keys(self) -> int:
        """The most keys that one `delete` accepts."""

    def reason(self, error: Exception) -> str:
        """What failed. If the credentials were refused, it names the settings that they come from."""

    def create(self, key: str, data: bytes) -> None:
        """Put if absent. Raises `PutConflict`, or `PutAmbiguous` if the object may or may not have been created.

        Timeouts, resets and 5xx responses after the request was sent are ambiguous. So is "already exists" after more
        than one attempt, because an earlier attempt may have created the object. After any other error, nothing was
        created.
        """

    def put(self, key: str, data: bytes) -> None:
        """Create or replace."""

    def upload(self, key: str, path: Path) -> None:
        """Create an object from a file of any size, a large one in parallel parts. No partial object ever exists."""

    def get(self, key: str) -> bytes | None:
        """The whole object, by one request; None if it does not exist."""

    def get_range(self, key: str, start: int, length: int, tag: str | None) -> ByteRange | None:
        """`length` bytes from `start`, fewer at the object's end, none past it. None: no object.

        Raises `Replaced` if a `tag` is given and the object has another one.
        """

    def find(self, key: str) -> ObjectInfo | None:
        """The object's info, by one cheap request; None if it does not exist."""

    def list(self, prefix: str, start_after: str) -> Iterator[StoredObject]:
        """The objects in bytewise order of whole keys, fetched page by page. `start_after` may be empty."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The next path segments under `prefix`, each once, in any order."""

    def delete(self, keys: Sequence[str]) -> None:
        """Delete at most `max_deleted_keys` keys. Raises an error if any of these objects remains."""

    def url(self, key: str) -> str:
        """The object's URL for engines, such as `s3://bucket/key`."""

    def signed_url(self, key: str, seconds: int) -> str:
        """An address from which anyone can read the object, for so many seconds."""


def past_end(bucket: Bucket, key: str, tag: str | None) -> ByteRange | None:
    """The answer of `get_range` for a range that begins past the object's end, where servers answer with an error."""
    info = bucket.find(key)
    if info is None:
        return None
    if tag not in (None, info.tag):
        raise Replaced(key)
    return ByteRange(b"", info)
