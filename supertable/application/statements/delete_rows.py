"""DELETE and TRUNCATE."""

from __future__ import annotations

import pyarrow as pa

from supertable.application.ports.engines.row_finders import ConditionScope
from supertable.application.ports.engines.statements import DeleteStatement, TruncateStatement
from supertable.application.queries.parameters import exact_parameters
from supertable.application.statements.requests import StatementRequest, StatementResult
from supertable.application.storage.arrow.arrow_schemas import arrow_schema
from supertable.application.tables.lookup import Tables
from supertable.application.writes.delete_rows import DeleteRows
from supertable.application.writes.write_modes import WriteMode
from supertable.application.writes.write_rows import WriteRows
from supertable.domain.access.roles import Permission
from supertable.domain.table.commits import Operation


class DeleteMatchingRows:
    def __init__(self, delete_rows: DeleteRows) -> None:
        self._delete_rows = delete_rows

    def __call__(self, statement: DeleteStatement, request: StatementRequest) -> StatementResult:
        """Delete the rows for which the condition is true; without one all rows that the caller sees."""
        namespace, name = request.target(statement.table)
        info = request.bound_info(Operation.DELETE)
        named = (statement.alias,) if statement.alias else (namespace.organization, namespace.supertable, name)
        scope = ConditionScope(named, exact_parameters(request.parameters))
        where = statement.where or "true"
        deleted = self._delete_rows.where(namespace, name, where, "", info, request.caller, scope)
        return StatementResult(statement.verb, deleted)


class TruncateTable:
    """Removes all rows, for callers who see the whole table."""

    def __init__(self, tables: Tables, write_rows: WriteRows) -> None:
        self._tables = tables
        self._write_rows = write_rows

    def __call__(self, statement: TruncateStatement, request: StatementRequest) -> StatementResult:
        namespace, name = request.target(statement.table)
        table = self._tables.open(namespace, name, Permission.WRITE)
        none: pa.Table = arrow_schema(table.unmasked).empty_table()
        info = request.bound_info(Operation.OVERWRITE)
        return StatementResult(
            statement.verb, self._write_rows.write_into(table, none, WriteMode.OVERWRITE, False, info)
        )
