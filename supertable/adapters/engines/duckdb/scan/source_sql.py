"""The SQL of any source of a statement: a scan, a union, a change feed or given rows.

A module of its own because unions and change feeds are built from scans: choosing among them in `scan_sql` would
make the modules import each other.
"""

from __future__ import annotations

from itertools import chain

from supertable.adapters.engines.duckdb.scan.change_feed_sql import changes_sql
from supertable.adapters.engines.duckdb.scan.query_sources import Sources
from supertable.adapters.engines.duckdb.scan.scan_sql import empty_sql, scan_sql, unused_positions
from supertable.adapters.engines.duckdb.scan.union_sql import union_sql
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.adapters.engines.duckdb.types import quoted
from supertable.application.ports.engines.sources import Changes, Given, Source, Union, scans_of
from supertable.domain.scan.scan_plan import ROWS_OF_FILE, Scan


def sees_part(source: Source) -> bool:
    """Whether the caller sees only a part of the source: not all rows, not all columns, or masks."""
    return any(scan.access is not None for scan in scans_of(source))


def column_names(source: Source) -> list[str]:
    """The columns of `source_sql` that the caller sees, in order: all but the one that locates rows."""
    if isinstance(source, Given):
        return list(source.names)
    if isinstance(source, Changes):
        return ["_change", "_version", *source.schema.names]
    if isinstance(source, Union):
        shown: dict[str, str] = {}
        for name in chain.from_iterable(scan.shown.names for scan in source.scans):
            shown.setdefault(ascii_lower(name), name)
        return ["_table", *shown.values()]
    return source.shown.names


def relation_sql(source: Source, counted: bool, sources: Sources, as_table: bool) -> str:
    """The SQL of the subquery that replaces a relation. `counted`: only the number of its rows matters, so that no file
    is read if the caller sees all of them. `as_table`: see `source_sql`."""
    return row_count_sql(source) if counted and all_rows(source) else source_sql(source, sources, as_table)


def source_sql(source: Source, sources: Sources, as_table: bool = False) -> str:
    """The SQL of the subquery that replaces a relation. `as_table`: the statement may read given rows twice."""
    if isinstance(source, Given):
        return f"FROM {sources.register_given(source, as_table)}"
    if isinstance(source, Changes):
        return changes_sql(source, sources)
    if isinstance(source, Union):
        return union_sql(source, sources)
    return _located_sql(source, sources) if source.row_id else scan_sql(source, sources)


def no_rows_sql(scan: Scan) -> str:
    """A query with the columns of `source_sql`, and no rows."""
    location = [f"NULL::BIGINT AS {quoted(scan.row_id)}"] if scan.row_id else []
    return f"SELECT {', '.join(['*', *location])} FROM ({empty_sql(scan.shown.fields, None)})"


def _located_sql(scan: Scan, sources: Sources) -> str:
    at = unused_positions(scan.shown)
    columns = [*map(quoted, scan.shown.names), f"{at.file} * {ROWS_OF_FILE} + {at.row} AS {quoted(scan.row_id)}"]
    return f"SELECT {', '.join(columns)} FROM ({scan_sql(scan, sources, positions=at)})"


def row_count_sql(source: Source) -> str:
    """A query with as many rows as the source has. It opens no file."""
    return f"SELECT NULL FROM range({row_count(source)})"


def row_count(source: Source) -> int:
    """The number of rows of a source of `all_rows`, according to the snapshots."""
    scans = scans_of(source)
    if isinstance(source, Changes):
        return sum(_shown_rows(scan) for scan in scans)
    return sum(scan.rows_total for scan in scans)


def all_rows(source: Source) -> bool:
    """Whether the snapshots know the number of the source's rows, and the caller sees all of them."""
    return not isinstance(source, Given) and all(scan.all_rows for scan in scans_of(source))


def _shown_rows(scan: Scan) -> int:
    hidden = sum(int.from_bytes(bitmap).bit_count() for bitmap in scan.hidden.values())
    return sum(file.rows for file in scan.files) - hidden
