"""The change feed of a table as DuckDB SQL."""

from __future__ import annotations

from collections.abc import Sequence

from supertable.adapters.engines.duckdb.scan.query_sources import Sources
from supertable.adapters.engines.duckdb.scan.scan_sql import empty_sql, scan_sql
from supertable.adapters.engines.duckdb.types import literal, quoted
from supertable.application.ports.engines.sources import Changes
from supertable.domain.scan.scan_plan import Scan


def changes_sql(changes: Changes, sources: Sources) -> str:
    """The rows that each step deleted and inserted. In a table with keys, a key in both is an update."""
    columns = changes.schema.fields
    parts = [
        f"SELECT {_change(step.version, names, other, changes.keys, sources)} FROM ({scan_sql(scan, sources)}) AS st_r"
        for step in changes.steps
        for scan, other, names in (
            (step.deleted, step.inserted, ("update_before", "delete")),
            (step.inserted, step.deleted, ("update_after", "insert")),
        )
        if scan.groups
    ]
    empty = f"SELECT NULL::VARCHAR AS _change, NULL::BIGINT AS _version, * FROM ({empty_sql(columns, None)})"
    return " UNION ALL ".join(parts) or empty


def _change(version: int, names: tuple[str, str], other: Scan, keys: Sequence[str], sources: Sources) -> str:
    both, alone = map(literal, names)
    kind = alone
    if keys and other.groups:
        pairs = " AND ".join(f"st_o.{quoted(key)} IS NOT DISTINCT FROM st_r.{quoted(key)}" for key in keys)
        exists = f"EXISTS (SELECT 1 FROM ({scan_sql(other, sources, keys)}) AS st_o WHERE {pairs})"
        kind = f"CASE WHEN {exists} THEN {both} ELSE {alone} END"
    return f"{kind} AS _change, {version}::BIGINT AS _version, *"
