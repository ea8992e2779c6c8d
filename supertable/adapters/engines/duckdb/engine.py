"""The engine port over DuckDB."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from supertable.adapters.engines.duckdb.damaged_files import known_of
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.running_query import AnsweredQuery, DuckDBQuery
from supertable.adapters.engines.duckdb.scan.query_sources import Sources
from supertable.adapters.engines.duckdb.scan.source_sql import all_rows, counted_sql, source_sql
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.constant_evaluation import evaluator
from supertable.adapters.engines.duckdb.statement.explain import plan_table
from supertable.adapters.engines.duckdb.statement.parser import parsed, refused_shape
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
    """Runs checked statements; of data it keeps nothing between them."""

    name = "duckdb"

    def __init__(self, instance: DuckDBInstance, stored: FileSource) -> None:
        self._instance = instance
        self._stored = stored
        self._evaluate = evaluator(instance)
        self._statements: OrderedDict[str, DuckDBStatement] = OrderedDict()

    def parse(self, sql: str) -> DuckDBStatement:
        """Statements are kept by their text, unless that asks for a moment, which may depend on the clock."""
        known = self._statements.get(sql)
        if known is not None:
            return known
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
            return refused_shape(cursor, sql)
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
        sql = statement.sql(
            {
                number: counted_sql(source)
                if number in statement.counted and all_rows(source)
                else source_sql(source, sources)
                for number, source in scans.items()
            }
        )
        known = known_of(self._instance, sources, statement.names)

        def begin(cursor: duckdb.DuckDBPyConnection, stopped: Stopped) -> duckdb.DuckDBPyConnection:
            sources.bind(cursor, stopped)
            return cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}" if statement.explain else sql, parameters or None)

        query = DuckDBQuery(self._instance.cursor(), begin, sources.close, known, limits)
        if not statement.explain:
            return query
        text = query.reader.read_all()["explain_value"][0].as_py()
        return AnsweredQuery(plan_table(text, list(scans.values()), statement.names))

    def close(self) -> None:
        self._instance.close()


def _must_guard_hidden(
    statement: DuckDBStatement, sources: Mapping[int, Source], parameters: Sequence[Any] | Mapping[str, Any]
) -> bool:
    """Whether the statement could fail on rows that the caller may not see."""
    if all(map(all_rows, sources.values())):
        return False
    (source,) = sources.values() if len(sources) == 1 else (None,)
    if not isinstance(source, Scan) or source.access is None:
        return True
    return not statement.cannot_fail(source.access.unmasked(source.schema), parameters)
