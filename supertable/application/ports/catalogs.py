"""The transaction catalog: which version of each log is the newest. A fast copy of what storage holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Head:
    """The newest known version of one log, and the newest records leading up to it, oldest first.

    `records[-1]` is the record of `version`; there may be none at all when the catalog no longer holds them.
    """

    version: int
    records: tuple[bytes, ...]


class Catalog(Protocol):
    """Heads by log. A log is named by its folder in the store, e.g. `acme/main/tables/7f3c`.

    Safe for any number of threads and processes. Methods raise `CatalogUnavailable` when the catalog does not
    answer and `CatalogDamaged` when what it holds cannot be read. Losing it all loses nothing: see DESIGN.
    """

    def identity(self) -> str:
        """Changes whenever this catalog may have forgotten something: a new file, server, or connection epoch."""

    def heads(self, known: Mapping[str, int]) -> dict[str, Head]:
        """One atomic cut over all the logs asked for; a log without a head is left out.

        `known[log]` is the version that the caller already has (0: none): only newer records are returned.
        """

    def advance(self, log: str, version: int, record: bytes) -> bool:
        """Make `version` the head of `log` if it is newer than the present one; say whether it was.

        Compare-and-set in one step: a head never goes back. The record is kept for `heads` for a while.
        """

    def logs(self, prefix: str) -> list[str]:
        """The logs with a head whose name starts with `prefix`, sorted."""

    def close(self) -> None:
        """Free what is open; the next call opens it again."""

    def clear(self, prefix: str) -> None:
        """Forget every head whose log starts with `prefix`. Storage stays as it is."""
