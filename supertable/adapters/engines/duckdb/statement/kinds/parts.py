"""Parts that several kinds of statements have."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.kinds.tokens import TokenReader
from supertable.application.ports.engines.statements import Name
from supertable.domain.errors import InvalidStatement, StatementRefused

_ONLY_COLUMNS = "RETURNING takes * or columns of the table, each with an alias if you like."


def table_name(reader: TokenReader) -> Name:
    parts = reader.dotted("the name of a table")
    if len(parts) > 3:
        raise InvalidStatement("The name of a table has up to three parts: organization.supertable.table.")
    return parts


def table_alias(reader: TokenReader, *ends: str) -> str:
    """The alias after a table's name; empty if there is none. `ends`: words that are no alias."""
    if reader.take("as"):
        return reader.name("an alias")
    if reader.ended or any(reader.at(word) for word in ends):
        return ""
    return reader.name("an alias, WHERE, or the end of the statement")


def layout_parts(reader: TokenReader) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts in `PARTITIONED BY (…)` and in `SORTED BY (…)`, in any order; empty where one is not given."""
    found: dict[str, tuple[str, ...]] = {}
    while part := next((word for word in ("partitioned", "sorted") if reader.at(word, "by")), ""):
        if part in found:
            raise reader.unexpected("the end of the statement")
        reader.take(part, "by")
        found[part] = texts_in_parentheses(reader)
    return found.get("partitioned", ()), found.get("sorted", ())


def texts_in_parentheses(reader: TokenReader) -> tuple[str, ...]:
    reader.need("(")
    texts: list[str] = []
    while not texts or reader.take(","):
        start = reader.position
        reader.skip_until((",",))
        if reader.position == start:
            raise reader.unexpected("a column")
        texts.append(reader.piece(start, reader.position).strip())
    reader.need(")")
    return tuple(texts)


def returned_columns(reader: TokenReader) -> tuple[tuple[str, str], ...]:
    """The columns of RETURNING, each with its name in the answer; empty without RETURNING."""
    if not reader.take("returning"):
        return ()
    columns = [_returned(reader)]
    while reader.take(","):
        columns.append(_returned(reader))
    if not reader.ended:
        raise StatementRefused(_ONLY_COLUMNS)
    return tuple(columns)


def refuse_returning(reader: TokenReader, verb: str) -> None:
    if reader.at("returning"):
        raise StatementRefused(f"{verb} takes no RETURNING here. Select the rows before the statement.")


def _returned(reader: TokenReader) -> tuple[str, str]:
    if reader.take("*"):
        return "*", "*"
    try:
        column = reader.name("a column")
    except InvalidStatement:
        raise StatementRefused(_ONLY_COLUMNS) from None
    if reader.take("as"):
        return column, reader.name("an alias")
    if reader.ended or reader.at(","):
        return column, column
    raise StatementRefused(_ONLY_COLUMNS)
