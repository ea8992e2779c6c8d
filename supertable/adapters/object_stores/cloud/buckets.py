"""What `CloudObjectStore` needs of one provider's SDK: its bucket, by whole keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from supertable.application.ports.object_stores import StoredObject


@dataclass(frozen=True, slots=True)
class Found:
    """An object that exists: its size, and a tag (ETag, generation) that differs whenever its bytes may."""

    bytes: int
    tag: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of an object, and the object they are of."""

    data: bytes
    of: Found


class Replaced(Exception):
    """The object does not have the tag asked for any more."""


class Bucket(Protocol):
    """Keys here have the deployment's prefix in front. Safe for threads, and usable after a fork.

    Retries, time-outs and back-off are the SDK's own, by its settings. Every method lets the SDK's errors through;
    they are among `failures`, and `reason` tells them in words fit for anyone: no credentials, no signed address.
    A body shorter than the store said is such an error, never a short answer.
    """

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What the SDK raises."""

    @property
    def most_deleted(self) -> int:
        """How many keys one `delete` takes."""

    def reason(self, error: Exception) -> str:
        """What went wrong; where the credentials were refused, it says so and names the settings they come from."""

    def create(self, key: str, data: bytes) -> None:
        """Put if absent. Raises `PutConflict`, or `PutAmbiguous` where the object may or may not have been made.

        Ambiguous are time-outs, resets and answers 5xx once the request was sent, and a "there is one already"
        after the SDK has tried more than once: that may be our own. Other errors say that nothing was made.
        """

    def put(self, key: str, data: bytes) -> None:
        """Create or replace."""

    def upload(self, key: str, path: Path) -> None:
        """Create from a file of any size, in parallel parts where it is large; in the bucket whole or not at all."""

    def get(self, key: str) -> bytes | None:
        """The whole object by one request, or None when there is none."""

    def get_range(self, key: str, start: int, length: int, tag: str | None) -> Piece | None:
        """`length` bytes from `start`, fewer at the object's end; no bytes of an empty object. None: no object.

        With a `tag`, only of the object that has it: raises `Replaced`.
        """

    def find(self, key: str) -> Found | None:
        """By one cheap request; None when there is none."""

    def list(self, prefix: str, start_after: str) -> Iterator[StoredObject]:
        """In bytewise order of whole keys, page by page as it is consumed. `start_after` may be empty."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The next path segments under `prefix`, each once, in any order."""

    def delete(self, keys: Sequence[str]) -> None:
        """At most `most_deleted` keys; one that does not exist is no error, any other that stays is."""

    def url(self, key: str) -> str:
        """For engines: `s3://bucket/key` and the like."""

    def signed_url(self, key: str, seconds: int) -> str:
        """An address that anyone can read the object from, for so long."""
