"""The soft deletes of a table: who deleted what, when and why. Its rows can be read at the version before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from supertable.application.tables.lookup import Tables
from supertable.application.tables.open_table import OpenTable
from supertable.domain.table.commits import Commit
from supertable.domain.timestamps import moment

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class TombstoneInfo:
    """One soft delete: by `predicate`, or by so many `keys`. `rows` died by it; version `version - 1` has them.

    `operation` is delete, or the write that replaced what it deleted. `properties` say who, as the writer gave them.
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
        """What the commit deleted: nothing, or one."""
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
    tables: Tables, table: OpenTable, limit: int, newest: int | None = None, looked_at: int | None = None
) -> list[TombstoneInfo]:
    """The newest `limit` soft deletes, newest first, from version `newest` (None: the newest there is) downwards.

    It looks at no more than `looked_at` versions (None: back to the first). For callers who see the whole table.
    """
    table.require_whole("see what was deleted from")
    last = table.snapshot.version if newest is None else min(newest, table.snapshot.version)
    count = last if looked_at is None else min(looked_at, last)
    found = (tombstone for commit in _commits(tables, table, last, count) for tombstone in TombstoneInfo.all_of(commit))
    return list(islice(found, limit))


def _commits(tables: Tables, table: OpenTable, last: int, count: int) -> Iterator[Commit]:
    for newest in range(last, last - count, -_AT_ONCE):
        yield from tables.commits(table, newest, min(_AT_ONCE, newest - last + count))
