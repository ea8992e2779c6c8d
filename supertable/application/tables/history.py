"""The history of a table, version by version, as far as the caller may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from supertable.application.tables.lookup import Tables
from supertable.application.tables.namespace import Namespace
from supertable.domain.access.roles import Permission
from supertable.domain.table.commits import Change, Commit
from supertable.domain.timestamps import moment


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One commit. For callers who see only a part of the table, all but version, time and operation is None or empty.

    `predicate` and `reason`: those of a delete. `restored`: the version that was restored. `description`: how the
    columns changed, or the source of a clone. `bytes_added`: see `WriteResult`.
    """

    version: int
    committed_at: datetime
    operation: str
    rows_inserted: int | None = None
    rows_updated: int | None = None
    rows_deleted: int | None = None
    files_added: int | None = None
    files_removed: int | None = None
    bytes_added: int | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None
    predicate: str | None = None
    reason: str = ""
    restored: int | None = None
    description: str = ""

    @classmethod
    def of(cls, commit: Commit, whole: bool) -> HistoryEntry:
        """`whole`: whether the caller may read the whole table."""
        change = commit.change
        if not whole:
            return cls(commit.version, moment(commit.committed_at_us), change.operation.value)
        tombstone = change.tombstone
        return cls(
            version=commit.version,
            committed_at=moment(commit.committed_at_us),
            operation=change.operation.value,
            rows_inserted=change.counts.inserted,
            rows_updated=change.counts.updated,
            rows_deleted=change.counts.deleted,
            files_added=len(change.added),
            files_removed=len(change.removed),
            bytes_added=own_bytes(change),
            properties=commit.info.properties,
            idempotency_key=commit.info.idempotency_key,
            predicate=tombstone.predicate if tombstone else None,
            reason=tombstone.reason if tombstone else "",
            restored=change.restored,
            description=change.description,
        )


def own_bytes(change: Change) -> int:
    """The bytes of added files, without those that a clone shares."""
    return sum(file.bytes for file in change.added if not file.folder)


class TableHistory:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __call__(self, namespace: Namespace, name: str, limit: int, newest: int | None = None) -> list[HistoryEntry]:
        """Up to `limit` commits, newest first, from version `newest` (None: the newest version) downwards.

        Only callers who may read the whole table see what a commit did to its rows. Raises `TableNotFound`.
        """
        table = self._tables.open(namespace, name, Permission.META)
        whole = table.access is None and self._tables.authorization(namespace.session).role.may(Permission.READ)
        last = table.snapshot.version if newest is None else min(newest, table.snapshot.version)
        return [HistoryEntry.of(commit, whole) for commit in self._tables.commits(table, last, limit)]
