"""The engine port, implemented by DuckDB."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.damaged_files import error_context
from supertable.adapters.engines.duckdb.errors import is_missing_file
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.running_query import CompletedQuery, DuckDBQuery, streamed
from supertable.adapters.engines.duckdb.scan.query_sources import Sources
from supertable.adapters.engines.duckdb.scan.source_sql import all_rows, row_count_sql, source_sql
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.conditions.constant_evaluation import evaluator
from supertable.adapters.engines.duckdb.statement.explain import plan_table
from supertable.adapters.engines.duckdb.statement.parser import parsed, shape_of_refused
from supertable.application.ports.engines import (
    FileSource,
    Limits,
    RunningQuery,
    Source,
    Statement,
    Stopped,
    TimestampAt,
)
from supertable.domain.scan.scan_plan import Scan

_KEPT_STATEMENTS = 256
_KEPT_TEXT = 10_000


class DuckDBEngine:
    """Runs validated statements. It keeps no data between them."""

    name = "duckdb"

    def __init__(self, instance: DuckDBInstance, stored: FileSource) -> None:
        self._instance = instance
        self._stored = stored
        self._evaluate = evaluator(instance)
        self._statements: OrderedDict[str, DuckDBStatement] = OrderedDict()

    def parse(self, sql: str) -> DuckDBStatement:
        """Parses and validates `sql`. Statements are cached by their text, except those that read the version at a
        timestamp, which may depend on the clock."""
        cached = self._statements.get(sql)
        if cached is not None:
            return cached
        statement = self._parsed(sql)
        if len(sql) <= _KEPT_TEXT and not any(isinstance(one.at, TimestampAt) for one in statement.relations):
            self._statements[sql] = statement
            while len(self._statements) > _KEPT_STATEMENTS:
                self._statements.popitem(last=False)
        return statement

    def _parsed(self, sql: str) -> DuckDBStatement:
        cursor = self._instance.cursor()
        try:
            return parsed(cursor, sql, self._evaluate)
        finally:
            cursor.close()

    def shape(self, sql: str) -> str:
        cursor = self._instance.cursor()
        try:
            return shape_of_refused(cursor, sql)
        finally:
            cursor.close()

    def run(
        self,
        statement: Statement,
        scans: Mapping[int, Source],
        parameters: Sequence[Any] | Mapping[str, Any],
        limits: Limits,
    ) -> RunningQuery:
        assert isinstance(statement, DuckDBStatement)
        sources = Sources(self._stored, _must_guard_hidden(statement, scans, parameters), statement.may_fail)
        sql = statement.sql(_relation_sql(statement, scans, sources))
        context = error_context(self._instance, sources, statement.names)

        def begin(cursor: duckdb.DuckDBPyConnection, stopped: Stopped) -> pa.RecordBatchReader:
            text = f"EXPLAIN (FORMAT JSON) {sql}" if statement.explain else sql
            sources.bind(cursor, stopped)
            try:
                return streamed(cursor, text, parameters)
            except duckdb.Error as error:
                if not is_missing_file(error):
                    raise
            sources.close()
            sources.bind(cursor, stopped)  # fetches a local copy that was removed, or tells which object is missing
            return streamed(cursor, text, parameters)

        query = DuckDBQuery(self._instance.cursor(), begin, sources.close, context, limits)
        if not statement.explain:
            return query
        text = query.reader.read_all()["explain_value"][0].as_py()
        return CompletedQuery(plan_table(text, list(scans.values()), statement.names))

    def close(self) -> None:
        self._instance.close()


def _relation_sql(statement: DuckDBStatement, scans: Mapping[int, Source], sources: Sources) -> dict[int, str]:
    """The SQL of a subquery for each relation. Where only the number of its rows matters, no file is read."""

    def subquery(number: int, source: Source) -> str:
        if number in statement.counted and all_rows(source):
            return row_count_sql(source)
        return source_sql(source, sources)

    return {number: subquery(number, source) for number, source in scans.items()}


def _must_guard_hidden(
    statement: DuckDBStatement, sources: Mapping[int, Source], parameters: Sequence[Any] | Mapping[str, Any]
) -> bool:
    """Whether the statement may fail on rows that the caller must not see."""
    if all(map(all_rows, sources.values())):
        return False
    (source,) = sources.values() if len(sources) == 1 else (None,)
    if not isinstance(source, Scan) or source.access is None:
        return True
    return not statement.cannot_fail(source.access.unmasked(source.schema), parameters)
