"""What the Pro engine may use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProOptions:
    """`cache_bytes`: the most that is kept; 0: nothing. `folder`: where it is kept; None: in memory.

    `memory_limit`, `threads`, `temp_directory`: see `DuckDBInstance`; they hold for each database. `at_once_rows`: a
    table of up to so many rows is copied while its query waits, and a larger one in the background. `publishes`: other
    processes run the statements, which read what is kept.
    """

    cache_bytes: int
    folder: Path | None
    memory_limit: str | None = None
    threads: int | None = None
    temp_directory: Path | None = None
    at_once_rows: int = 50_000
    publishes: bool = False
