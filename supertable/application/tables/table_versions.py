"""Older versions of tables that are open."""

from __future__ import annotations

from dataclasses import replace

from supertable.application.tables.open_table import OpenTable
from supertable.application.transaction_log.versioned_log import VersionedLog
from supertable.domain.errors import VersionNotFound
from supertable.domain.names import version_or_tag
from supertable.domain.table.commits import Commit
from supertable.domain.table.snapshots import Snapshot


class TableVersions:
    """Checks no permission: that was done when the table was opened."""

    def __init__(self, snapshots: VersionedLog[Commit, Snapshot]) -> None:
        self._snapshots = snapshots

    def as_of(self, table: OpenTable, version: int | str | None) -> OpenTable:
        """The table at a version given by number or tag; None: `table` itself.

        Raises `VersionNotFound`, `NotFound` for an unknown tag, and `InvalidInput` for values of other types.
        """
        if version is None:
            return table
        wanted = version_or_tag(version)
        return self.at_version(table, table.entry.tagged(wanted) if isinstance(wanted, str) else wanted)

    def at_version(self, table: OpenTable, version: int) -> OpenTable:
        """The table at a version. Raises `VersionNotFound`, also for a version that a vacuum expired."""
        newest, oldest = table.snapshot.version, table.snapshot.oldest
        if not oldest <= version <= newest and version not in table.entry.pinned:
            raise VersionNotFound(table.name, str(version), oldest, newest)
        if version == newest:
            return table
        return replace(table, snapshot=self._snapshots.state(table.folder, version), opened_at=float("-inf"))

    def at_time(self, table: OpenTable, at_us: int, requested: str) -> OpenTable:
        """The table as of a moment (microseconds since 1970 UTC). Raises `VersionNotFound` if that is before version 1.

        `requested`: the moment as the caller gave it, for the error.
        """
        if table.snapshot.committed_at_us <= at_us:
            return table
        low, high = 0, table.snapshot.version  # commit times grow with the version
        while high - low > 1:
            middle = (low + high) // 2
            reached = self._snapshots.record(table.folder, middle).committed_at_us <= at_us
            low, high = (middle, high) if reached else (low, middle)
        if low == 0:
            raise VersionNotFound(table.name, requested, table.snapshot.oldest, table.snapshot.version)
        return self.at_version(table, low)

    def commits(self, table: OpenTable, newest: int, count: int) -> list[Commit]:
        """Up to `count` commits from version `newest` downwards, newest first."""
        return list(self._snapshots.records(table.folder, range(newest, max(newest - count, 0), -1)))
