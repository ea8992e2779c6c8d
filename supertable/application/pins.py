"""Pinning a version against a vacuum that runs at the same moment.

1. A vacuum gives versions up in the table's log, then reads the registry, then deletes what no pinned version needs.
2. Whoever pins a version writes the pin to the registry, then looks whether the version was given up meanwhile.

So either the vacuum sees the pin, or the pin is taken back. Nobody waits for anybody.
"""

from __future__ import annotations

from collections.abc import Callable

from supertable.application.tables import OpenTable, Tables
from supertable.domain.errors import VersionNotFound
from supertable.domain.registry import Registry, RegistryChange


def was_given_up(tables: Tables, before: OpenTable, version: int) -> VersionNotFound | None:
    """The error, if a vacuum gave `version` up since the table was opened as `before`, when nothing else pinned it."""
    if version in before.entry.pinned:
        return None
    newest = tables.newest(before)
    oldest = newest.snapshot.oldest
    if version >= oldest:
        return None
    return VersionNotFound(newest.name, str(version), oldest, newest.snapshot.version)


def undo_of(change: RegistryChange) -> Callable[[Registry], RegistryChange | None]:
    """What takes a pin back, unless its table is gone altogether."""
    return lambda registry: change if change.table_id in registry.entries else None
