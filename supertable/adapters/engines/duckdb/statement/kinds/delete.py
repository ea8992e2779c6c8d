"""`DELETE FROM table WHERE condition`, and `TRUNCATE table`."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.kinds.parts import refuse_returning, table_alias, table_name
from supertable.adapters.engines.duckdb.statement.kinds.tokens import TokenReader
from supertable.application.ports.statements import DeleteStatement, TruncateStatement
from supertable.domain.errors import StatementRefused


def parsed_delete(reader: TokenReader) -> DeleteStatement:
    """The statement after `DELETE`."""
    if reader.has_ctes:
        raise StatementRefused("DELETE takes no WITH here.")
    reader.need("from")
    table = table_name(reader)
    alias = table_alias(reader, "where", "using", "returning")
    if reader.at("using"):
        raise StatementRefused("DELETE takes no USING here. MERGE INTO … WHEN MATCHED THEN DELETE joins tables.")
    where = ""
    if reader.take("where"):
        start = reader.position
        reader.skip_until(("returning",))
        if reader.position == start:
            raise reader.unexpected("a condition")
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
