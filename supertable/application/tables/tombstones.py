"""The soft deletes of a table. Deleted rows can be read at the version before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.domain.table.commits import Commit
from supertable.domain.timestamps import moment

_BATCH_VERSIONS = 100


@dataclass(frozen=True, slots=True)
class TombstoneInfo:
    """One soft delete, by `predicate` or by a number of `keys`. `rows`: how many were deleted; `version - 1` has them.

    `operation`: delete, or the write that replaced the rows. `properties`: lineage, as the writer gave it.
    """

    version: int
    deleted_at: datetime
    operation: str
    predicate: str | None
    keys: int | None
    reason: str
    rows: int
    properties: Mapping[str, str]

    @classmethod
    def all_of(cls, commit: Commit) -> list[TombstoneInfo]:
        """The soft delete of the commit, as a list of one; empty if there is none."""
        change = commit.change
        if change.tombstone is None:
            return []
        return [
            cls(
                version=commit.version,
                deleted_at=moment(commit.committed_at_us),
                operation=change.operation.value,
                predicate=change.tombstone.predicate,
                keys=change.tombstone.keys,
                reason=change.tombstone.reason,
                rows=change.counts.deleted,
                properties=commit.info.properties,
            )
        ]


def tombstones(
    tables: Tables, table: OpenTable, limit: int, newest: int | None = None, max_versions: int | None = None
) -> list[TombstoneInfo]:
    """The newest `limit` soft deletes, newest first, from version `newest` (None: the newest version) downwards.

    Reads at most `max_versions` versions (None: back to the first). Raises `AccessDenied` for callers who see only a
    part of the table.
    """
    table.require_whole("see what was deleted from")
    last = table.snapshot.version if newest is None else min(newest, table.snapshot.version)
    count = last if max_versions is None else min(max_versions, last)
    found = (tombstone for commit in _commits(tables, table, last, count) for tombstone in TombstoneInfo.all_of(commit))
    return list(islice(found, limit))


def _commits(tables: Tables, table: OpenTable, last: int, count: int) -> Iterator[Commit]:
    for newest in range(last, last - count, -_BATCH_VERSIONS):
        yield from tables.commits(table, newest, min(_BATCH_VERSIONS, newest - last + count))
