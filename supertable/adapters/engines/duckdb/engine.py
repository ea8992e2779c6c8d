"""The engine port, implemented by DuckDB."""

from __future__ import annotations

from itertools import chain

import duckdb
import pyarrow as pa

from supertable.adapters.engines.duckdb.counted_rows import counted_rows
from supertable.adapters.engines.duckdb.damaged_files import error_context
from supertable.adapters.engines.duckdb.governed.governed_query import governed_query
from supertable.adapters.engines.duckdb.governed.visible_rows import stream_of_sources
from supertable.adapters.engines.duckdb.instance import DuckDBInstance
from supertable.adapters.engines.duckdb.running_query import DuckDBQuery, PlanQuery, Steps
from supertable.adapters.engines.duckdb.scan.kept_bitmaps import KeptBitmaps
from supertable.adapters.engines.duckdb.scan.query_sources import Sources
from supertable.adapters.engines.duckdb.scan.source_sql import column_names, relation_sql, sees_part
from supertable.adapters.engines.duckdb.scan.summary_sql import known_values, summary_sql, with_counts
from supertable.adapters.engines.duckdb.statement.checked_statement import DuckDBStatement
from supertable.adapters.engines.duckdb.statement.conditions.constant_evaluation import evaluator
from supertable.adapters.engines.duckdb.statement.explain import plan_table
from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.adapters.engines.duckdb.statement.parser import parsed, shape_of_refused
from supertable.adapters.engines.duckdb.statement.rendering import loaded, serialized
from supertable.adapters.engines.duckdb.statement.shapes.statement_cache import StatementCache
from supertable.adapters.engines.duckdb.statement.updates.parsed_update import parsed_update
from supertable.application.ports.engines.engine import RunsEverything
from supertable.application.ports.engines.file_sources import FileSource
from supertable.application.ports.engines.parsed_statements import NOTHING_KNOWN, Known, Parameters, Statement
from supertable.application.ports.engines.running_queries import Limits, RunningQuery, Stopped
from supertable.application.ports.engines.sources import Scans
from supertable.application.ports.engines.updates import CheckedUpdate
from supertable.domain.scan.scan_plan import Scan


class DuckDBEngine(RunsEverything):
    """Runs validated statements. It keeps no data between them."""

    name = "lite"

    def __init__(self, instance: DuckDBInstance, sandbox: DuckDBInstance, stored: FileSource) -> None:
        """`sandbox`: runs the statements of roles that see a part of what they read; it can open no file."""
        self._instance = instance
        self._sandbox = sandbox
        self._stored = KeptBitmaps(stored)
        self._evaluate = evaluator(instance)
        self._statements = StatementCache(self._parsed, self._reparsed)

    def parse(self, sql: str, known: Known = NOTHING_KNOWN) -> DuckDBStatement:
        return self._statements.get(sql, known)

    def _parsed(self, sql: str, known: Known) -> DuckDBStatement:
        cursor = self._instance.cursor()
        try:
            return parsed(cursor, sql, self._evaluate, known)
        finally:
            cursor.close()

    def _reparsed(self, rendered: str) -> Node:
        cursor = self._instance.cursor()
        try:
            found: Node = loaded(serialized(cursor, rendered))["statements"][0]
            return found
        finally:
            cursor.close()

    def parse_update(self, sql: str) -> CheckedUpdate:
        cursor = self._instance.cursor()
        try:
            return parsed_update(cursor, sql, self._evaluate)
        finally:
            cursor.close()

    def shape(self, sql: str) -> str:
        cursor = self._instance.cursor()
        try:
            return shape_of_refused(cursor, sql)
        finally:
            cursor.close()

    def run(self, statement: Statement, scans: Scans, parameters: Parameters, limits: Limits) -> RunningQuery:
        assert isinstance(statement, DuckDBStatement)
        assert not statement.values_query
        if (counted := counted_rows(statement, scans, parameters, limits)) is not None:
            return counted
        if any(map(sees_part, scans.values())):
            return governed_query(self._instance, self._sandbox, self._stored, statement, scans, parameters, limits)
        query = self._query(statement, scans, parameters, limits)
        if not statement.explain:
            return query
        sources = list(scans.values())
        return PlanQuery(query, lambda found: plan_table(found["explain_value"][0].as_py(), sources, statement.names))

    def unavailable(self) -> str:
        return ""

    def held(self, scans: Scans) -> bool:
        del scans
        return False

    def close(self) -> None:
        self._instance.close()
        self._sandbox.close()

    def _query(self, statement: DuckDBStatement, scans: Scans, parameters: Parameters, limits: Limits) -> DuckDBQuery:
        """The statement over the files themselves, for a role that sees the whole of what it reads."""
        sources = Sources(self._stored, statement.may_fail, joined=len(scans) > 1)
        known = known_values(statement.summaries, scans)
        sql = statement.sql(
            {n: relation_sql(one, n in statement.counted, sources, n in statement.tables) for n, one in scans.items()}
            if known is None
            else {n: summary_sql(one, statement.summaries, known) for n, one in scans.items() if isinstance(one, Scan)}
        )
        options = "ANALYZE, FORMAT JSON" if statement.analyze else "FORMAT JSON"
        text = f"EXPLAIN ({options}) {sql}" if statement.explain else sql

        def begin(cursor: duckdb.DuckDBPyConnection, stopped: Stopped) -> pa.RecordBatchReader:
            reader = stream_of_sources(cursor, text, parameters, sources, stopped)
            return reader if known is None else with_counts(reader, statement.summaries, known)

        columns = chain.from_iterable(map(column_names, scans.values()))
        context = error_context(self._instance, sources, statement.names, columns)
        return DuckDBQuery(self._instance.cursor(), Steps(begin, lambda: None, sources.close), context, limits)
