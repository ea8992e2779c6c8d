"""`CREATE VIEW view AS query`, and ALTER, DROP and COMMENT ON views."""

from __future__ import annotations

from dataclasses import replace

from supertable.adapters.engines.duckdb.statement.kinds.alter import parsed_alter_table
from supertable.adapters.engines.duckdb.statement.kinds.drop_and_comment import (
    parsed_comment_on_table,
    parsed_drop_table,
)
from supertable.adapters.engines.duckdb.statement.kinds.parts import table_name
from supertable.adapters.engines.duckdb.statement.kinds.tokens import TokenReader
from supertable.application.ports.engines.statements import (
    CommentStatement,
    CreateViewStatement,
    DropViewStatement,
    RenameTableStatement,
)
from supertable.domain.errors import StatementRefused


def parsed_create_view(reader: TokenReader, replaces: bool) -> CreateViewStatement:
    """The statement after `CREATE VIEW`. `replaces`: it is `CREATE OR REPLACE`."""
    if_not_exists = reader.take("if", "not", "exists")
    if if_not_exists and replaces:
        raise StatementRefused("CREATE VIEW takes either OR REPLACE or IF NOT EXISTS.")
    view = table_name(reader)
    columns = reader.names_in_parentheses("a column") if reader.at("(") else ()
    reader.need("as")
    query = reader.query()
    reader.need_end()
    return CreateViewStatement(view, columns, query, replaces, if_not_exists)


def parsed_alter_view(reader: TokenReader) -> RenameTableStatement:
    """The statement after `ALTER VIEW`."""
    altered = parsed_alter_table(reader)
    if not isinstance(altered, RenameTableStatement):
        raise StatementRefused("ALTER VIEW takes RENAME TO alone. CREATE OR REPLACE VIEW changes its query.")
    return replace(altered, view=True)


def parsed_drop_view(reader: TokenReader) -> DropViewStatement:
    """The statement after `DROP VIEW`."""
    dropped = parsed_drop_table(reader, "DROP VIEW")
    return DropViewStatement(dropped.table, dropped.if_exists)


def parsed_comment_on_view(reader: TokenReader) -> CommentStatement:
    """The statement after `COMMENT ON VIEW`."""
    return replace(parsed_comment_on_table(reader), view=True)
