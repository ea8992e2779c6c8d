"""Changing a table only as the caller has read it, so that nobody undoes what another did meanwhile, unseen."""

from __future__ import annotations

from collections.abc import Callable

from supertable.application.tables.open_table import OpenTable
from supertable.domain.errors import Outdated
from supertable.domain.table.registry import TableEntry
from supertable.domain.table.snapshots import Snapshot


def require_same_entry(entry: TableEntry, read: OpenTable | None) -> None:
    """Raises `Outdated` where the name is another table's by now, or is written otherwise. None: anything goes."""
    if read is not None and (entry.table_id, entry.name) != (read.entry.table_id, read.entry.name):
        raise Outdated(f"Table {read.name}")


def require_same(newest: OpenTable, read: OpenTable | None, part: Callable[[Snapshot], object]) -> None:
    """Raises `Outdated` where it is another table, or this part of it is not as it was. None: anything goes."""
    if read is None:
        return
    if newest.entry.table_id != read.entry.table_id or part(newest.snapshot) != part(read.snapshot):
        raise Outdated(f"Table {read.name}")
