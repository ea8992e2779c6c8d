"""Finds the damaged file behind an error of DuckDB that does not name it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from supertable.adapters.engines.duckdb.errors import ENGINE_ERRORS, ErrorContext, object_error, split_kind
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.scan.query_sources import Sources, location_in_messages
from supertable.adapters.engines.duckdb.types import literal
from supertable.domain.errors import ObjectDamaged, SupertableError
from supertable.domain.table.data_files import DataFile

MAX_BYTES_TO_SEARCH = 256 * 1024 * 1024


def error_context(
    instance: DuckDBInstance, sources: Sources, names: Mapping[str, str], columns: Iterable[str] = ()
) -> ErrorContext:
    """The context for errors of a query over `sources`. `names`, `columns`: see `ErrorContext`."""

    def damage() -> SupertableError | None:
        return _find_damage(instance, sources)

    return ErrorContext(
        keys=sources.keys,
        names=names,
        memory_limit=instance.memory_limit,
        abandon=instance.abandon,
        damage=damage,
        failure=sources.failure,
        exists=sources.stored.exists,
        columns=tuple(dict.fromkeys(columns)),
    )


def _find_damage(instance: DuckDBInstance, sources: Sources) -> SupertableError | None:
    """The error of the first damaged file of a query; None: no damage found.

    Reads all footers first, then all pages unless the files have more than `MAX_BYTES_TO_SEARCH`.
    """
    cursor = instance.cursor()
    try:
        found = _damage(cursor, sources.located())
    finally:
        cursor.close()
    return sources.failure() or found


def _damage(cursor: duckdb.DuckDBPyConnection, files: list[tuple[str, str, DataFile]]) -> SupertableError | None:
    for key, location, file in files:
        error = _in_footer(cursor, location, key, file)
        if error:
            return error
    if sum(file.bytes for _, _, file in files) > MAX_BYTES_TO_SEARCH:
        return None
    return next(filter(None, (_in_pages(cursor, location, key) for key, location, _ in files)), None)


def _in_footer(cursor: duckdb.DuckDBPyConnection, location: str, key: str, file: DataFile) -> SupertableError | None:
    row = _first_row(cursor, f"SELECT num_rows FROM parquet_file_metadata({literal(location)})", location, key)
    if isinstance(row, SupertableError):
        return row
    same = row is not None and row[0] == file.rows
    return None if same else ObjectDamaged(key, f"it does not have the {file.rows:,} rows that were written")


def _in_pages(cursor: duckdb.DuckDBPyConnection, location: str, key: str) -> SupertableError | None:
    found = _first_row(cursor, f"SELECT max(hash(COLUMNS(*))) FROM read_parquet({literal(location)})", location, key)
    return found if isinstance(found, SupertableError) else None


def _first_row(
    cursor: duckdb.DuckDBPyConnection, sql: str, location: str, key: str
) -> tuple[object, ...] | SupertableError | None:
    try:
        row: tuple[object, ...] | None = cursor.execute(sql).fetchone()
    except ENGINE_ERRORS as error:
        named = object_error(*split_kind(error), {location_in_messages(location, key): key})
        return named or ObjectDamaged(key, "it is not readable as Parquet")
    return row
