"""`CREATE TABLE table (columns)`, and `CREATE TABLE table AS query`."""

from __future__ import annotations

from dataclasses import replace

from supertable.adapters.engines.duckdb.statement.kinds.parts import layout_parts, table_name
from supertable.adapters.engines.duckdb.statement.kinds.tokens import TokenReader
from supertable.application.ports.engines.statements import CreateTableAsStatement, CreateTableStatement
from supertable.domain.errors import InvalidStatement, StatementRefused
from supertable.domain.schema.schemas import UNASSIGNED
from supertable.domain.schema.types import Field

_REPLACE = "OR REPLACE is not available, since a table and its versions would be lost. DROP TABLE it first."
_REFUSED = {
    "as": "Computed columns are not available.",
    "check": "CHECK constraints are not available.",
    "collate": "Columns have no collation. Give COLLATE in the query.",
    "constraint": "Constraints have no names here. Use PRIMARY KEY or NOT NULL.",
    "default": "Columns have no defaults. Give every value in INSERT.",
    "foreign": "FOREIGN KEY is not available.",
    "generated": "Computed columns are not available.",
    "references": "REFERENCES is not available.",
    "unique": "UNIQUE is not available. A table has one PRIMARY KEY.",
    "using": "USING is not available.",
}
_AFTER_TYPE = (",", ")", "not", "null", "primary", *_REFUSED)


def parsed_create_table(reader: TokenReader, replaces: bool) -> CreateTableStatement | CreateTableAsStatement:
    """The statement after `CREATE TABLE`. `replaces`: it is `CREATE OR REPLACE`."""
    if replaces:
        raise StatementRefused(_REPLACE)
    if_not_exists = reader.take("if", "not", "exists")
    table = table_name(reader)
    layout = layout_parts(reader)
    if reader.take("as"):
        return _create_as(reader, table, if_not_exists, layout)
    if any(layout):
        raise reader.unexpected("AS")
    reader.need("(")
    columns: list[Field] = []
    keys: list[tuple[str, ...]] = []
    while True:
        if reader.take("primary", "key"):
            keys.append(reader.names_in_parentheses("a key column"))
        else:
            column, is_key = _column(reader)
            columns.append(column)
            keys += [(column.name,)] if is_key else []
        if not reader.take(","):
            break
    reader.need(")")
    partition_by, sort_by = layout_parts(reader)
    reader.need_end()
    if len(keys) > 1:
        raise InvalidStatement("A table has one PRIMARY KEY. For several columns, give PRIMARY KEY (a, b).")
    key = keys[0] if keys else ()
    return CreateTableStatement(table, _with_keys(columns, key), key, if_not_exists, partition_by, sort_by)


def column_definition(reader: TokenReader) -> tuple[str, bool]:
    """The text of a column's type, and whether the column may be null. Passes NOT NULL and NULL."""
    start = reader.position
    reader.skip_until(*((word,) for word in _AFTER_TYPE))
    if reader.position == start:
        raise reader.unexpected("a type")
    text = reader.piece(start, reader.position)
    nullable = True
    while True:
        if reader.take("not", "null"):
            nullable = False
        elif not reader.take("null"):
            break
    refuse_constraints(reader)
    return text, nullable


def refuse_constraints(reader: TokenReader) -> None:
    for word, reason in _REFUSED.items():
        if reader.at(word):
            raise StatementRefused(reason)


def _column(reader: TokenReader) -> tuple[Field, bool]:
    refuse_constraints(reader)
    name = reader.name("the name of a column")
    text, nullable = column_definition(reader)
    is_key = reader.take("primary", "key")
    if reader.take("not", "null"):
        nullable = False
    refuse_constraints(reader)
    return Field(UNASSIGNED, name, reader.type_of(text), nullable), is_key


def _with_keys(columns: list[Field], keys: tuple[str, ...]) -> tuple[Field, ...]:
    """The columns, of which those of the key forbid nulls."""
    names = {key.lower() for key in keys}
    return tuple(replace(column, nullable=False) if column.name.lower() in names else column for column in columns)


def _create_as(
    reader: TokenReader, table: tuple[str, ...], if_not_exists: bool, layout: tuple[tuple[str, ...], tuple[str, ...]]
) -> CreateTableAsStatement:
    query = reader.query(("with", "data"), ("with", "no", "data"))
    if reader.at("with", "no", "data"):
        raise StatementRefused("WITH NO DATA is not available. Add LIMIT 0 to the query.")
    reader.take("with", "data")
    reader.need_end()
    return CreateTableAsStatement(table, query, if_not_exists, *layout)
