"""DELETE with other tables, as a query of the rows to delete."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.updates.clauses import (
    expression,
    named_table,
    refuse_returning,
    sources_of,
    struct_of,
)
from supertable.adapters.engines.duckdb.statement.updates.tokens import Piece
from supertable.adapters.engines.duckdb.statement.updates.written import Names, WrittenUpdate
from supertable.adapters.engines.duckdb.types import quoted
from supertable.application.ports.engines.updates import Action, ActionKind
from supertable.domain.table.commits import Operation


def written_delete(piece: Piece, before: str, names: Names) -> WrittenUpdate:
    """`piece`: the statement, without the common table expressions `before` it. A row is found once, however often it
    is joined."""
    refuse_returning(piece)
    end = len(piece.tokens)
    where = piece.find({"where"})
    using = min(piece.find({"using"}), where)
    table = named_table(piece.part(2, using), "DELETE FROM")
    target = quoted(table.alias)
    columns = f"{target}.{names.row_id} AS {names.found}, {struct_of('0', ())} AS {names.new}"
    sql = f"{before}SELECT DISTINCT {columns} FROM {names.target} AS {target}"
    if using < where:
        sql += f", {sources_of(piece.part(using + 1, where), 'USING')}\n"
    if where < end:
        sql += f" WHERE {expression(piece.part(where + 1), 'WHERE')}"
    condition = piece.part(using if using < where else where + 1).text
    return WrittenUpdate(Operation.DELETE, table, sql, (Action(ActionKind.DELETE),), condition=condition)
