"""What a write returns."""

from __future__ import annotations

from dataclasses import dataclass

from supertable.application.commits.committer import Committed
from supertable.application.tables.history import own_bytes
from supertable.application.tables.open_table import OpenTable


@dataclass(frozen=True, slots=True)
class WriteResult:
    """A durable commit. `replayed`: an earlier commit had this idempotency key; nothing was written now.

    If several writers share the commit, the rows are those of this writer; files and bytes are those of all.
    `bytes_added` excludes files that a clone shares. It is 0 for callers who see only a part of the table, since files
    hold columns that are hidden from them.
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
            bytes_added=0 if table.access else own_bytes(change),
            replayed=committed.replayed,
        )
