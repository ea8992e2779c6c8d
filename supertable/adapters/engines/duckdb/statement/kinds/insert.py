"""`INSERT INTO table (columns) query ON CONFLICT … RETURNING …`."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.kinds.parts import returned_columns, table_name
from supertable.adapters.engines.duckdb.statement.kinds.tokens import TokenReader
from supertable.application.ports.engines.statements import InsertStatement
from supertable.domain.errors import StatementRefused
from supertable.domain.table.commits import OnConflict

_ENDS = (("on", "conflict", "("), ("on", "conflict", "do"), ("on", "conflict", "where"), ("returning",))


def parsed_insert(reader: TokenReader) -> InsertStatement:
    """The statement after `INSERT`."""
    conflict = _conflict_word(reader)
    reader.need("into")
    table = table_name(reader)
    if reader.at("as"):
        raise StatementRefused("INSERT takes no alias here. Name the table itself.")
    columns, by_name = _columns(reader)
    if reader.at("default", "values"):
        raise StatementRefused("INSERT … DEFAULT VALUES is not available: columns have no defaults. Use VALUES (NULL).")
    query = reader.query(*_ENDS)
    if conflict is not OnConflict.ERROR and reader.at("on", "conflict"):
        raise StatementRefused("INSERT takes either OR REPLACE, OR IGNORE, or ON CONFLICT.")
    conflict, keys, sets = _on_conflict(reader) if reader.take("on", "conflict") else (conflict, (), ())
    returning = returned_columns(reader)
    reader.need_end()
    return InsertStatement(table, columns, by_name, query, conflict, keys, sets, returning)


def _conflict_word(reader: TokenReader) -> OnConflict:
    if reader.take("or", "replace"):
        return OnConflict.REPLACE
    if reader.take("or", "ignore"):
        return OnConflict.NOTHING
    if reader.at("or"):
        raise reader.unexpected("OR REPLACE or OR IGNORE")
    return OnConflict.ERROR


def _columns(reader: TokenReader) -> tuple[tuple[str, ...], bool]:
    if reader.at("(", "select") or reader.at("(", "values") or reader.at("(", "with") or reader.at("(", "from"):
        return (), False
    columns = reader.names_in_parentheses("a column") if reader.at("(") else ()
    by_name = reader.take("by", "name")
    if not by_name:
        reader.take("by", "position")
    elif columns:
        raise StatementRefused("INSERT takes either a list of columns or BY NAME.")
    return columns, by_name


def _on_conflict(reader: TokenReader) -> tuple[OnConflict, tuple[str, ...], tuple[str, ...]]:
    keys = reader.names_in_parentheses("a key column") if reader.at("(") else ()
    if reader.at("where"):
        raise StatementRefused("ON CONFLICT takes no WHERE here. MERGE INTO has conditions.")
    reader.need("do")
    if reader.take("nothing"):
        return OnConflict.NOTHING, keys, ()
    reader.need("update", "set")
    sets = [_set(reader)]
    while reader.take(","):
        sets.append(_set(reader))
    if reader.at("where"):
        raise StatementRefused("DO UPDATE takes no WHERE here. MERGE INTO has conditions.")
    return OnConflict.REPLACE, keys, tuple(sets)


def _set(reader: TokenReader) -> str:
    """The column of `column = EXCLUDED.column`."""
    column = reader.name("a column")
    reader.need("=")
    plain = reader.take("excluded", ".") and reader.name("a column").lower() == column.lower()
    if not plain or not (reader.ended or any(reader.at(word) for word in (",", "where", "returning"))):
        raise StatementRefused(
            f"DO UPDATE SET can only take the new value of a column: {column} = EXCLUDED.{column}. "
            "MERGE INTO takes expressions."
        )
    return column
