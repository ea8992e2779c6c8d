"""The transaction catalog: which version of each log is the newest. A fast copy of what storage holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

EXPECTED_SECONDS = 60.0
"""The least time for which an `expect` takes effect, even if the catalog loses its data in between: see `Cut`."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest known version of one log, and the newest records leading up to it, oldest first.

    `records[-1]` is the record of `version`. Empty when the catalog no longer holds them.
    """

    version: int
    records: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """The heads of several logs as they were at one moment. A log without a head is left out of `heads`.

    `epochs`: by requested log, a token that changes whenever the catalog may have lost data of that log: a new file,
    another server, a restart, or a commit that was expected long ago and never announced. `pending`: the requested
    logs for which a commit that the catalog does not have may already be durable, or may become so at any moment.
    """

    heads: dict[str, Head]
    epochs: dict[str, str]
    pending: frozenset[str]


class Catalog(Protocol):
    """Heads by log. A log is named by its folder in the store, e.g. `acme/main/tables/7f3c`.

    Safe for any number of threads and processes. Methods raise `CatalogUnavailable` when the catalog does not
    answer, and `CatalogDamaged` when its content cannot be read. Losing the catalog loses no data: storage has it all.
    """

    def cut(self, known: Mapping[str, int]) -> Cut:
        """One atomic cut over all requested logs, in one round trip.

        The keys of `known` are the requested logs; `known[log]` is the version that the caller already has (0: none).
        Only records of newer versions are returned.
        """

    def expect(self, log: str, version: int) -> None:
        """Note that a writer is about to create this version: the log is pending until this version is its head.

        If that never happens, the log stops being pending and gets a new epoch after at least `EXPECTED_SECONDS`.
        No-op for a catalog whose heads are all checked against storage anyway.
        """

    def advance(self, log: str, version: int, record: bytes) -> bool:
        """Make `version` the head of `log` if it is newer than the present head. Returns whether it was.

        An atomic compare-and-set: a head never goes back. The record is kept for `cut` until newer ones displace it.
        """

    def forget_records(self, log: str, up_to: int) -> None:
        """Remove the records of the log up to this version, so that no copy of their bytes is left. The head stays."""

    def logs(self, prefix: str) -> list[str]:
        """The logs with a head whose name starts with `prefix`, sorted."""

    def close(self) -> None:
        """Release connections and files. The next call opens them again."""

    def clear(self, prefix: str) -> None:
        """Forget every head whose log starts with `prefix`. Storage is not touched."""
