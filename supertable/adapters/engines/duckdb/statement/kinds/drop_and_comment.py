"""`DROP TABLE table`, and `COMMENT ON TABLE table IS 'comment'`."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.kinds.parts import table_name
from supertable.adapters.engines.duckdb.statement.kinds.tokens import TokenReader
from supertable.application.ports.engines.statements import CommentStatement, DropTableStatement
from supertable.domain.errors import InvalidStatement, StatementRefused

MOST_CHARACTERS = 4096


def parsed_drop_table(reader: TokenReader, verb: str = "DROP TABLE") -> DropTableStatement:
    """The statement after `DROP TABLE`. `verb`: its first words, for errors."""
    if_exists = reader.take("if", "exists")
    table = table_name(reader)
    if reader.at(","):
        raise StatementRefused(f"{verb} takes one {verb.split()[1].lower()}, since one statement is one change.")
    if reader.at("cascade") or reader.at("restrict"):
        raise StatementRefused(f"{verb} takes no CASCADE and no RESTRICT.")
    reader.need_end()
    return DropTableStatement(table, if_exists)


def parsed_comment_on_table(reader: TokenReader) -> CommentStatement:
    """The statement after `COMMENT ON TABLE`."""
    return CommentStatement(table_name(reader), "", _comment(reader))


def parsed_comment_on_column(reader: TokenReader) -> CommentStatement:
    """The statement after `COMMENT ON COLUMN`."""
    *table, column = reader.dotted("a table and its column")
    if not 1 <= len(table) <= 3:
        raise InvalidStatement("COMMENT ON COLUMN takes a table and its column: orders.price.")
    return CommentStatement(tuple(table), column, _comment(reader))


def _comment(reader: TokenReader) -> str:
    reader.need("is")
    comment = "" if reader.take("null") else reader.text("a text in quotes, or NULL")
    reader.need_end()
    if len(comment) > MOST_CHARACTERS:
        raise InvalidStatement(f"A comment has up to {MOST_CHARACTERS:,} characters.")
    return comment
