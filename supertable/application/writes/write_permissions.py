"""Writes by callers who see only a part of a table: they bind to it as reads do.

Such a caller gives only columns and rows that it would see, and supersedes only rows that it sees. No answer or error
tells of other rows: where one could, the write is refused whatever they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from supertable.application.ports.engines import RowFinder
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.staged_files import Staged, staged_scan
from supertable.domain.access.row_filters import columns_of
from supertable.domain.errors import AccessDenied
from supertable.domain.scan.scan_plan import AccessStage
from supertable.domain.schema.schemas import fitted_schema
from supertable.domain.schema.types import Field


def check_restricted(table: OpenTable, given: Sequence[Field], whole_only: str = "") -> None:
    """Raises `AccessDenied`, or what data with unknown columns raises. No-op where the caller sees the whole table.

    `whole_only`: what is wanted, if that is for those who see the whole table.
    """
    access = table.access
    if access is None:
        return
    if whole_only:
        table.require_whole(whole_only)
    schema = table.snapshot.schema
    unmasked = access.unmasked(schema)
    fitted_schema(unmasked, given, evolve=False)
    if any(not column.nullable for column in schema.fields if unmasked.by_id(column.id) is None):
        raise AccessDenied(f"Rows of table {table.name} need columns that this role does not see; it cannot write any.")
    check_keys_seen(table)
    definition = table.snapshot.definition
    if definition.keys and access.condition and not columns_of(access.condition) <= set(definition.keys):
        raise AccessDenied(
            f"Which rows of table {table.name} this role sees depends on more than their keys. It cannot write rows by "
            "keys, for it could meet rows that it does not see; it can delete."
        )


def check_keys_seen(table: OpenTable) -> None:
    """Raises `AccessDenied` where the caller does not see the key columns, or the sequence, as they are."""
    if table.access is None:
        return
    definition = table.snapshot.definition
    unmasked = table.access.unmasked(table.snapshot.schema)
    if not all(unmasked.by_id(column) for column in (*definition.keys, definition.sequence) if column):
        raise AccessDenied(f"This role does not see the key columns of table {table.name} as they are.")


def check_rows(table: OpenTable, staged: Staged, finder: RowFinder) -> None:
    """Raises `AccessDenied` for staged rows that the caller would not see."""
    if table.access is None or table.access.condition is None:
        return
    scan = staged_scan(table, staged, AccessStage(condition=table.access.condition))
    anything = finder.check_predicate("true", staged.schema)
    seen = sum(len(rows) for rows in finder.matching_predicate(scan, anything).values())
    if seen != staged.live_rows:
        raise AccessDenied(
            f"{staged.live_rows - seen:,} of the rows given for table {table.name} are none that this role may see; "
            "nothing was written."
        )
