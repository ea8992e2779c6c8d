"""UPDATE, MERGE, and DELETE that reads other tables."""

from __future__ import annotations

from supertable.application.ports.engines.running_queries import Limits
from supertable.application.ports.engines.statements import JoinedDeleteStatement, MergeStatement, UpdateStatement
from supertable.application.queries.run_query import RunQuery
from supertable.application.statements.requests import StatementRequest, StatementResult
from supertable.application.updates.update_attempts import UpdateRequest
from supertable.application.updates.update_rows import UpdateRows


class UpdateMatchingRows:
    def __init__(self, run_query: RunQuery, update_rows: UpdateRows) -> None:
        self._run_query = run_query
        self._update_rows = update_rows

    def __call__(
        self, statement: UpdateStatement | MergeStatement | JoinedDeleteStatement, request: StatementRequest
    ) -> StatementResult:
        checked = self._run_query.parse_update(request.namespace, request.sql)
        limits = Limits(None, request.options.limits.timeout_seconds)
        has_key = request.options.info.idempotency_key is not None
        update = UpdateRequest(
            request.namespace, checked, request.parameters, limits, request.caller, has_key, request.options.engine
        )
        namespace, name = request.target(checked.parts)
        written, chosen = self._update_rows(namespace, name, update, request.bound_info(checked.operation))
        return StatementResult(statement.verb, written, chosen=chosen)
