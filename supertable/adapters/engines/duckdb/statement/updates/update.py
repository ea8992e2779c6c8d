"""UPDATE as a query of the new values."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.updates.clauses import (
    assignments,
    expression,
    named_table,
    refuse_returning,
    sources_of,
    struct_of,
    syntax_error,
)
from supertable.adapters.engines.duckdb.statement.updates.tokens import Piece
from supertable.adapters.engines.duckdb.statement.updates.written import Names, WrittenUpdate
from supertable.adapters.engines.duckdb.types import quoted
from supertable.domain.table.commits import Operation


def written_update(piece: Piece, before: str, names: Names) -> WrittenUpdate:
    """`piece`: the statement, without the common table expressions `before` it."""
    refuse_returning(piece)
    end = len(piece.tokens)
    setting = piece.find({"set"})
    if setting == end:
        raise syntax_error("UPDATE takes the name of a table, and SET")
    table = named_table(piece.part(1, setting), "UPDATE")
    where = piece.find({"where"}, setting)
    source = min(piece.find({"from"}, setting), where)
    action = assignments(piece.part(setting + 1, source))
    target, new = quoted(table.alias), struct_of("0", action.values)
    columns = f"{target}.{names.row_id} AS {names.found}, {new} AS {names.new}"
    sql = f"{before}SELECT {columns} FROM {names.target} AS {target}"
    if source < where:
        sql += f", {sources_of(piece.part(source + 1, where), 'FROM')}\n"
    if where < end:
        sql += f" WHERE {expression(piece.part(where + 1), 'WHERE')}"
    return WrittenUpdate(Operation.UPDATE, table, sql, (action.action,))
