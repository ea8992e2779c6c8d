"""`DELETE FROM table WHERE condition`, and `TRUNCATE table`."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.kinds.parts import refuse_returning, table_alias, table_name
from supertable.adapters.engines.duckdb.statement.kinds.tokens import TokenReader
from supertable.application.ports.engines.statements import DeleteStatement, JoinedDeleteStatement, TruncateStatement

_OF_QUERIES = frozenset({"from", "select", "table", "values", "with"})


def parsed_delete(reader: TokenReader) -> DeleteStatement | JoinedDeleteStatement:
    """The statement after `DELETE`."""
    reader.need("from")
    table = table_name(reader)
    alias = table_alias(reader, "where", "using", "returning")
    if reader.has_ctes or reader.at("using"):
        return JoinedDeleteStatement()
    where = ""
    if reader.take("where"):
        start = reader.position
        reader.skip_until(("returning",))
        if reader.position == start:
            raise reader.unexpected("a condition")
        if _OF_QUERIES & reader.words(start, reader.position):
            return JoinedDeleteStatement()
        where = reader.piece(start, reader.position)
    refuse_returning(reader, "DELETE")
    reader.need_end()
    return DeleteStatement(table, alias, where)


def parsed_truncate(reader: TokenReader) -> TruncateStatement:
    """The statement after `TRUNCATE`."""
    reader.take("table")
    table = table_name(reader)
    reader.need_end()
    return TruncateStatement(table)
