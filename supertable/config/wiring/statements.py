"""SQL statements of every kind."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.adapters.engines.duckdb import DuckDBStatementParser
from supertable.application.ports.statements import (
    ChangingStatement,
    DeleteStatement,
    InsertStatement,
    TruncateStatement,
)
from supertable.application.statements.delete_rows import DeleteMatchingRows, TruncateTable
from supertable.application.statements.insert_rows import InsertRows
from supertable.application.statements.run_statement import Handler, RunStatement
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.audit_recorder import audit
from supertable.config.wiring.engines.in_process import engine
from supertable.config.wiring.queries import run_query
from supertable.config.wiring.tables import tables
from supertable.config.wiring.writes import delete_rows, write_rows

Handlers = Mapping[type[ChangingStatement], Handler]


def _handlers(*, insert: Handler, delete: Handler, truncate: Handler) -> Handlers:
    """The handler of each kind of statement."""
    return {
        InsertStatement: insert,
        DeleteStatement: delete,
        TruncateStatement: truncate,
    }


insert_rows = singleton(
    InsertRows, tables=provided(tables), run_query=provided(run_query), write_rows=provided(write_rows)
)
delete_matching_rows = singleton(DeleteMatchingRows, delete_rows=provided(delete_rows))
truncate_table = singleton(TruncateTable, tables=provided(tables), write_rows=provided(write_rows))
statement_parser = singleton(DuckDBStatementParser)
statement_handlers = singleton(
    _handlers, insert=provided(insert_rows), delete=provided(delete_matching_rows), truncate=provided(truncate_table)
)
run_statement = singleton(
    RunStatement,
    parser=provided(statement_parser),
    run_query=provided(run_query),
    engine=provided(engine),
    audit=provided(audit),
    handlers=provided(statement_handlers),
)
