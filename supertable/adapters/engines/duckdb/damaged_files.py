"""Finds out which file an error comes from, when DuckDB does not say."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from supertable.adapters.engines.duckdb.errors import ENGINE_ERRORS, Known, about_object, split_kind
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.scan.query_sources import Sources, as_told
from supertable.adapters.engines.duckdb.types import literal
from supertable.domain.errors import ObjectDamaged, SupertableError
from supertable.domain.table.data_files import DataFile

MAX_BYTES_TO_SEARCH = 256 * 1024 * 1024


def known_of(instance: DuckDBInstance, sources: Sources, names: Mapping[str, str]) -> Known:
    return Known(sources.keys, names, instance.memory_limit, instance.abandon, lambda: _damage(instance, sources))


def _damage(instance: DuckDBInstance, sources: Sources) -> SupertableError | None:
    """What is wrong with the first damaged file of a query, if there is one: looked for in all the footers, then in the
    pages, so long as there are not too many of them."""
    files = sources.located()
    cursor = instance.cursor()
    try:
        for key, location, file in files:
            found = _in_footer(cursor, location, key, file)
            if found:
                return found
        if sum(file.bytes for _, _, file in files) > MAX_BYTES_TO_SEARCH:
            return None
        return next(filter(None, (_in_pages(cursor, location, key) for key, location, _ in files)), None)
    finally:
        cursor.close()


def _in_footer(cursor: duckdb.DuckDBPyConnection, location: str, key: str, file: DataFile) -> SupertableError | None:
    row = _asked(cursor, f"SELECT num_rows FROM parquet_file_metadata({literal(location)})", location, key)
    if isinstance(row, SupertableError):
        return row
    same = row is not None and row[0] == file.rows
    return None if same else ObjectDamaged(key, f"it does not have the {file.rows:,} rows that were written")


def _in_pages(cursor: duckdb.DuckDBPyConnection, location: str, key: str) -> SupertableError | None:
    found = _asked(cursor, f"SELECT max(hash(COLUMNS(*))) FROM read_parquet({literal(location)})", location, key)
    return found if isinstance(found, SupertableError) else None


def _asked(
    cursor: duckdb.DuckDBPyConnection, sql: str, location: str, key: str
) -> tuple[object, ...] | SupertableError | None:
    try:
        row: tuple[object, ...] | None = cursor.execute(sql).fetchone()
    except ENGINE_ERRORS as error:
        told = about_object(*split_kind(error), {as_told(location, key): key})
        return told or ObjectDamaged(key, "it is not readable as Parquet")
    return row
