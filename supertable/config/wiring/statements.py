"""SQL statements of every kind."""

from __future__ import annotations

from collections.abc import Mapping

from supertable.adapters.engines.duckdb import DuckDBStatementParser
from supertable.application.ports.engines.statements import (
    AlterTableStatement,
    ChangingStatement,
    CommentStatement,
    CreateTableAsStatement,
    CreateTableStatement,
    CreateViewStatement,
    DeleteStatement,
    DropTableStatement,
    DropViewStatement,
    InsertStatement,
    JoinedDeleteStatement,
    LayoutStatement,
    MergeStatement,
    RenameTableStatement,
    TruncateStatement,
    UpdateStatement,
)
from supertable.application.statements.change_table import ChangeTable
from supertable.application.statements.change_views import ChangeViews
from supertable.application.statements.create_table import CreateEmptyTable, CreateTableFromQuery
from supertable.application.statements.delete_rows import DeleteMatchingRows, TruncateTable
from supertable.application.statements.insert_rows import InsertRows
from supertable.application.statements.run_statement import Handler, RunStatement
from supertable.application.statements.update_rows import UpdateMatchingRows
from supertable.config.typed_providers import provided, singleton
from supertable.config.wiring.ddl import (
    alter_table,
    comment_table,
    create_table,
    define_view,
    drop_table,
    rename_table,
    set_maintenance,
)
from supertable.config.wiring.engines.choice import engines
from supertable.config.wiring.engines.in_process import duckdb, engine, text_values
from supertable.config.wiring.foundation.audit_recorder import audit
from supertable.config.wiring.queries import run_query, views
from supertable.config.wiring.tables import tables
from supertable.config.wiring.updates import update_rows
from supertable.config.wiring.writes import delete_rows, write_rows

Handlers = Mapping[type[ChangingStatement], Handler]


def _handlers(
    *,
    insert: InsertRows,
    update: UpdateMatchingRows,
    delete: DeleteMatchingRows,
    truncate: TruncateTable,
    create: CreateEmptyTable,
    create_from_query: CreateTableFromQuery,
    change: ChangeTable,
    views: ChangeViews,
) -> Handlers:
    """The handler of each kind of statement."""
    return {
        InsertStatement: insert,
        UpdateStatement: update,
        MergeStatement: update,
        DeleteStatement: delete,
        JoinedDeleteStatement: update,
        TruncateStatement: truncate,
        CreateTableStatement: create,
        CreateTableAsStatement: create_from_query,
        AlterTableStatement: change.alter,
        LayoutStatement: change.lay_out,
        RenameTableStatement: change.rename,
        DropTableStatement: change.drop,
        CommentStatement: change.comment,
        CreateViewStatement: views.create,
        DropViewStatement: views.drop,
    }


insert_rows = singleton(
    InsertRows,
    tables=provided(tables),
    run_query=provided(run_query),
    write_rows=provided(write_rows),
    text_values=provided(text_values),
)
update_matching_rows = singleton(UpdateMatchingRows, run_query=provided(run_query), update_rows=provided(update_rows))
delete_matching_rows = singleton(DeleteMatchingRows, delete_rows=provided(delete_rows))
truncate_table = singleton(TruncateTable, tables=provided(tables), write_rows=provided(write_rows))
statement_parser = singleton(DuckDBStatementParser, instance=provided(duckdb))
create_empty_table = singleton(CreateEmptyTable, tables=provided(tables), create_table=provided(create_table))
create_table_from_query = singleton(
    CreateTableFromQuery,
    tables=provided(tables),
    create_table=provided(create_table),
    run_query=provided(run_query),
    write_rows=provided(write_rows),
)
change_table = singleton(
    ChangeTable,
    tables=provided(tables),
    alter=provided(alter_table),
    rename=provided(rename_table),
    drop=provided(drop_table),
    comment=provided(comment_table),
    settings=provided(set_maintenance),
)
change_views = singleton(
    ChangeViews,
    tables=provided(tables),
    define=provided(define_view),
    drop=provided(drop_table),
    run_query=provided(run_query),
    views=provided(views),
)
statement_handlers = singleton(
    _handlers,
    insert=provided(insert_rows),
    update=provided(update_matching_rows),
    delete=provided(delete_matching_rows),
    truncate=provided(truncate_table),
    create=provided(create_empty_table),
    create_from_query=provided(create_table_from_query),
    change=provided(change_table),
    views=provided(change_views),
)
run_statement = singleton(
    RunStatement,
    parser=provided(statement_parser),
    run_query=provided(run_query),
    engine=provided(engine),
    engines=provided(engines),
    audit=provided(audit),
    handlers=provided(statement_handlers),
)
