"""The transaction catalog: which version of each log is the newest. A fast copy of what storage holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

EXPECTED_SECONDS = 60.0
"""How long an `expect` is remembered at least, also by a catalog that forgets everything meanwhile: see `Cut`."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest known version of one log, and the newest records leading up to it, oldest first.

    `records[-1]` is the record of `version`; there may be none at all when the catalog no longer holds them.
    """

    version: int
    records: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """The heads of several logs as they were at one moment; a log without a head is left out.

    `epochs`: of each log asked for, what changes whenever the catalog may have forgotten something of it: a new file,
    another server, a restart, or a commit that was expected long ago and never announced. `pending`: those of the
    logs to which a commit that the catalog does not know may be durable, or become so, at any moment.
    """

    heads: dict[str, Head]
    epochs: dict[str, str]
    pending: frozenset[str]


class Catalog(Protocol):
    """Heads by log. A log is named by its folder in the store, e.g. `acme/main/tables/7f3c`.

    Safe for any number of threads and processes. Methods raise `CatalogUnavailable` when the catalog does not
    answer and `CatalogDamaged` when what it holds cannot be read. Losing it all loses nothing: see DESIGN.
    """

    def cut(self, known: Mapping[str, int]) -> Cut:
        """One atomic cut over all the logs asked for, in one round trip.

        `known[log]` is the version that the caller already has (0: none): only newer records are returned.
        """

    def expect(self, log: str, version: int) -> None:
        """Note that somebody is about to create this version: the log is pending until its head is there.

        After `EXPECTED_SECONDS` it is no longer pending, and has another epoch. No-op for a catalog whose every head
        is checked against storage anyway.
        """

    def advance(self, log: str, version: int, record: bytes) -> bool:
        """Make `version` the head of `log` if it is newer than the present one; say whether it was.

        Compare-and-set in one step: a head never goes back. The record is kept for `cut` for a while.
        """

    def logs(self, prefix: str) -> list[str]:
        """The logs with a head whose name starts with `prefix`, sorted."""

    def close(self) -> None:
        """Free what is open; the next call opens it again."""

    def clear(self, prefix: str) -> None:
        """Forget every head whose log starts with `prefix`. Storage stays as it is."""
