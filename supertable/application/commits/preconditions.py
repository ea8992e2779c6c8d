"""Preconditions of changes: the table must still be as the caller read it. Prevents lost updates."""

from __future__ import annotations

from collections.abc import Callable

from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import Outdated
from supertable.domain.table.registry import TableEntry
from supertable.domain.table.snapshots import Snapshot


def require_same_entry(entry: TableEntry, read: OpenTable | None) -> None:
    """Raises `Outdated` if the name now belongs to another table, or its spelling changed. None: no precondition."""
    if read is not None and (entry.table_id, entry.name) != (read.entry.table_id, read.entry.name):
        raise Outdated(f"Table {read.name}")


def require_unchanged(newest: OpenTable, read: OpenTable | None, part: Callable[[Snapshot], object]) -> None:
    """Raises `Outdated` if `newest` is another table, or `part` of its snapshot changed. None: no precondition."""
    if read is None:
        return
    if newest.entry.table_id != read.entry.table_id or part(newest.snapshot) != part(read.snapshot):
        raise Outdated(f"Table {read.name}")
