"""What the use cases answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from supertable.application.committing import Committed
from supertable.application.tables import OpenTable
from supertable.domain.commits import Change, Commit
from supertable.domain.registry import Registry

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(microseconds: int) -> datetime:
    """Microseconds since 1970 UTC as a datetime."""
    return _EPOCH + timedelta(microseconds=microseconds)


@dataclass(frozen=True, slots=True)
class WriteResult:
    """A durable commit. `replayed`: it is the one that this idempotency key led to before; nothing was written now.

    Where several writers share the commit the rows are this one's; files and bytes are all of theirs. `bytes_added`
    leaves out files that a clone shares.
    """

    table: str
    version: int
    operation: str
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    files_added: int
    bytes_added: int
    replayed: bool

    @classmethod
    def of(cls, table: OpenTable, committed: Committed) -> WriteResult:
        change = committed.commit.change
        counts = committed.share.counts if committed.share else change.counts
        return cls(
            table=table.name,
            version=committed.commit.version,
            operation=change.operation.value,
            rows_inserted=counts.inserted,
            rows_updated=counts.updated,
            rows_deleted=counts.deleted,
            files_added=len(change.added),
            bytes_added=_own_bytes(change),
            replayed=committed.replayed,
        )


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table at its newest version. `rows` are live; `dead_rows` still take room in its files.

    None is what a caller who sees only a part of the table may not know.
    """

    name: str
    version: int
    rows: int | None
    dead_rows: int | None
    files: int | None
    bytes: int | None
    keys: list[str]
    sequence: str | None
    created_at: datetime
    updated_at: datetime
    comment: str

    @classmethod
    def of(cls, table: OpenTable) -> TableInfo:
        snapshot = table.snapshot
        whole = table.access is None
        shown = table.schema
        sequence = snapshot.sequence_name
        return cls(
            name=table.name,
            version=snapshot.version,
            rows=snapshot.rows if whole else None,
            dead_rows=sum(file.rows - file.live_rows for file in snapshot.files.values()) if whole else None,
            files=len(snapshot.files) if whole else None,
            bytes=snapshot.bytes if whole else None,
            keys=[key for key in snapshot.key_names if shown.find(key)],
            sequence=sequence if sequence and shown.find(sequence) else None,
            created_at=moment(snapshot.created_at_us),
            updated_at=moment(snapshot.committed_at_us),
            comment=snapshot.definition.comment,
        )


@dataclass(frozen=True, slots=True)
class DroppedTable:
    """A table that can be brought back by its name, until a vacuum removes it."""

    name: str
    dropped_at: datetime

    @classmethod
    def all_of(cls, registry: Registry) -> list[DroppedTable]:
        """The latest dropped first."""
        return [cls(entry.name, moment(entry.dropped_at_us or 0)) for entry in registry.dropped]


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column; `type` as `domain.types` writes it."""

    name: str
    type: str
    nullable: bool
    comment: str
    field_id: int

    @classmethod
    def of(cls, table: OpenTable) -> list[ColumnInfo]:
        return [
            cls(column.name, str(column.type), column.nullable, column.comment, column.id)
            for column in table.schema.fields
        ]


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One commit. Callers who see only a part of the table are told what it was and when; the rest is None or empty.

    `predicate` and `reason` are what a delete was given, `restored` the version that a restore went back to, and
    `description` how the columns were changed, or what a clone was made of. `bytes_added` as in `WriteResult`.
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
            bytes_added=_own_bytes(change),
            properties=commit.info.properties,
            idempotency_key=commit.info.idempotency_key,
            predicate=tombstone.predicate if tombstone else None,
            reason=tombstone.reason if tombstone else "",
            restored=change.restored,
            description=change.description,
        )


def _own_bytes(change: Change) -> int:
    return sum(file.bytes for file in change.added if not file.folder)
