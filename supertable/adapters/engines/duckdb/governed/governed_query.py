"""A statement of a role that sees a part of what it reads, in two stages, each in an instance of its own.

Stage 1 is SQL of ours: it yields what the role sees of each relation. Stage 2 is the statement, over these rows alone,
so that nothing which it can express reaches a hidden value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.errors import ErrorContext
from supertable.adapters.engines.duckdb.governed.visible_rows import VisibleRelations, VisibleRows
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.running_query import DuckDBQuery, Steps, streamed
from supertable.adapters.engines.duckdb.scan.kept_bitmaps import KeptBitmaps
from supertable.adapters.engines.duckdb.scan.query_sources import Sources
from supertable.adapters.engines.duckdb.scan.scan_sql import scan_sql
from supertable.adapters.engines.duckdb.scan.source_sql import (
    all_rows,
    column_names,
    no_rows_sql,
    row_count_sql,
    source_sql,
)
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.adapters.engines.duckdb.types import quoted
from supertable.application.ports.engines.parsed_statements import Parameters
from supertable.application.ports.engines.running_queries import Limits, Stopped
from supertable.application.ports.engines.sources import Scans, Source
from supertable.domain.scan.scan_plan import Scan


def governed_query(
    instance: DuckDBInstance,
    sandbox: DuckDBInstance,
    stored: KeptBitmaps,
    statement: DuckDBStatement,
    scans: Scans,
    parameters: Parameters,
    limits: Limits,
) -> DuckDBQuery:
    """`instance` runs stage 1, `sandbox` stage 2."""
    known = {number for number in statement.counted if all_rows(scans[number])}
    read = {number: source for number, source in scans.items() if number not in known}
    names = statement.names_read
    relations = VisibleRelations(
        [
            (
                _name(number),
                _rows(instance, stored, source, names, number in statement.counted),
                number in statement.tables,
            )
            for number, source in read.items()
        ],
        ordered=statement.is_sampled,
    )
    counts = {number: row_count_sql(scans[number]) for number in known}
    streams = {number: _relation_sql(number, number in statement.counted) for number in read}
    empty = {number: no_rows_sql(source) for number, source in read.items() if isinstance(source, Scan)}
    sql = statement.sql(counts | streams)

    def begin(cursor: duckdb.DuckDBPyConnection, stopped: Stopped) -> pa.RecordBatchReader:
        relations.bind(cursor, stopped)
        try:
            return streamed(cursor, sql, parameters)
        except duckdb.BinderException:
            streamed(cursor, statement.sql(counts | streams | empty), parameters)  # its error knows all columns
            raise

    visible = chain.from_iterable(map(column_names, scans.values()))
    context = sandbox_errors(sandbox, relations, statement.names, visible)
    return DuckDBQuery(sandbox.cursor(), Steps(begin, relations.interrupt, relations.close), context, limits)


def sandbox_errors(
    sandbox: DuckDBInstance, relations: VisibleRelations, names: Mapping[str, str], columns: Iterable[str] = ()
) -> ErrorContext:
    """The context for errors of stage 2, which opens no file. `names`, `columns`: see `ErrorContext`."""
    return ErrorContext(
        keys=dict,
        names=names,
        memory_limit=sandbox.memory_limit,
        abandon=sandbox.abandon,
        damage=lambda: None,
        failure=relations.failure,
        exists=lambda key: False,
        quotes_values=False,
        columns=tuple(dict.fromkeys(columns)),
    )


def _name(relation: int) -> str:
    return f"st_rows_{relation}"


def _relation_sql(relation: int, counted: bool) -> str:
    """The subquery of a relation in stage 2. `counted`: its stream has the number of its rows alone."""
    name = _name(relation)
    return f"SELECT NULL FROM range((SELECT st_count FROM {name}))" if counted else f"FROM {name}"


def _rows(
    instance: DuckDBInstance, stored: KeptBitmaps, source: Source, names: frozenset[str] | None, counted: bool
) -> VisibleRows:
    """The rows with the columns that are in `names`; None: with all columns. `counted`: only their number."""
    sources = Sources(stored, guard_deleted=False)  # no expression of ours fails
    columns = [*column_names(source), *([source.row_id] if isinstance(source, Scan) and source.row_id else [])]
    kept = columns if names is None else [name for name in columns if ascii_lower(name) in names]
    rows = _source_sql(source, sources, () if counted else kept)
    if counted:
        return VisibleRows(instance, f"SELECT count(*) AS st_count FROM ({rows})", sources)
    chosen = ", ".join(map(quoted, kept)) or f"true AS {_unnamed(names)}"
    return VisibleRows(instance, f"SELECT {chosen} FROM ({rows})", sources)


def _source_sql(source: Source, sources: Sources, columns: Sequence[str]) -> str:
    """The SQL of at least these columns. Of unused ones, the engine would read the first where it needs no column."""
    if isinstance(source, Scan) and not source.row_id:
        return scan_sql(source, sources, columns)
    return source_sql(source, sources)


def _unnamed(names: frozenset[str] | None) -> str:
    """The name of a column that only counts the rows: one that the statement does not name."""
    name = "st_row"
    while names and name in names:
        name += "_"
    return name
