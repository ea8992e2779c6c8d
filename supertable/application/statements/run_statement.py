"""The one use case that runs any SQL statement, for every door that runs more than queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from supertable.application.audit_recorder import AuditRecorder
from supertable.application.ports.engines.engine import CheckingEngine
from supertable.application.ports.engines.running_queries import EncodedRows, Limits, RunningQuery
from supertable.application.ports.engines.statements import ChangingStatement, StatementParser
from supertable.application.queries.engines import Engines
from supertable.application.queries.query_events import QueryEvents
from supertable.application.queries.run_query import PreparedQuery, RunQuery
from supertable.application.statements.remedies import in_words_of_sql
from supertable.application.statements.requests import StatementOptions, StatementRequest, StatementResult
from supertable.application.tables.namespace import Namespace
from supertable.domain.errors import InvalidInput, StatementRefused, SupertableError

_ONLY_QUERIES = "Only queries can run here, and {} changes something. Nothing was run."


class Handler(Protocol):
    def __call__(self, statement: Any, request: StatementRequest) -> StatementResult:
        """Runs a statement of the handler's kind. Returns after its commit."""


class RunStatement:
    def __init__(
        self,
        parser: StatementParser,
        run_query: RunQuery,
        engine: CheckingEngine,
        engines: Engines,
        audit: AuditRecorder,
        handlers: Mapping[type[ChangingStatement], Handler],
    ) -> None:
        self._parser = parser
        self._run_query = run_query
        self._engine = engine
        self._engines = engines
        self._audit = audit
        self._handlers = handlers

    def parse(self, namespace: Namespace, sql: str) -> ChangingStatement | None:
        """The statement if it changes something; None: it is a query, or nothing that runs, which `prepare` refuses.

        Raises `InvalidStatement` and `StatementRefused`.
        """
        try:
            return self._parser.parse(sql)
        except SupertableError as error:
            self._record(namespace, sql, error)
            raise

    def execute(self, statement: ChangingStatement, request: StatementRequest) -> StatementResult:
        """Run a parsed statement. When this returns, its commit is durable.

        Raises `StatementRefused` where statements that change something may not run, `EngineUnavailable`, and what the
        use case raises that makes the change. Nothing is changed then.
        """
        try:
            self._check(statement, request.options)
        except SupertableError as error:
            self._record(request.namespace, request.sql, error)
            raise
        try:
            return self._handlers[type(statement)](statement, request)
        except InvalidInput as error:
            raise in_words_of_sql(error) from error.__cause__

    def prepare(
        self,
        namespace: Namespace,
        sql: str,
        parameters: Sequence[Any] | Mapping[str, Any] = (),
        options: StatementOptions | None = None,
    ) -> PreparedQuery | StatementResult:
        """Bind a query to one cut, as `RunQuery.prepare` does; run any other statement, as `execute` does."""
        statement = self.parse(namespace, sql)
        if statement is None:
            return self._run_query.prepare(namespace, sql, parameters, options.engine if options else None)
        request = StatementRequest(namespace, sql, parameters, options or StatementOptions())
        return self.execute(statement, request)

    def run(
        self, prepared: PreparedQuery | StatementResult, parameters: Sequence[Any] | Mapping[str, Any], limits: Limits
    ) -> RunningQuery:
        """Prepare a run of the query; or the rows of a statement that ran already."""
        if isinstance(prepared, StatementResult):
            return _Rows(prepared.rows)
        return self._run_query.run(prepared, parameters, limits)

    def recheck(self, prepared: PreparedQuery | StatementResult) -> None:
        """See `RunQuery.recheck`. No-op for a statement that ran already."""
        if isinstance(prepared, PreparedQuery):
            self._run_query.recheck(prepared)

    def _check(self, statement: ChangingStatement, options: StatementOptions) -> None:
        """Whether the statement may run here, and the engine that it asks for is there, even if it reads nothing."""
        if not options.writes:
            raise StatementRefused(_ONLY_QUERIES.format(statement.verb))
        self._engines.require(options.engine)

    def _record(self, namespace: Namespace, sql: str, error: SupertableError) -> None:
        QueryEvents(self._audit, self._engine, namespace).failed(sql, error)


class _Rows:
    """Rows that are there already, as a running query."""

    instead = ""

    def __init__(self, rows: pa.Table) -> None:
        self.reader = rows.to_reader()

    def encoded(self) -> Iterator[EncodedRows] | None: ...

    def cancel(self) -> None: ...

    def close(self) -> None: ...
