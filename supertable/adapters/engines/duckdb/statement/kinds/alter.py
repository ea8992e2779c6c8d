"""`ALTER TABLE table …`: its columns, or its name."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.kinds.create import column_definition, refuse_constraints
from supertable.adapters.engines.duckdb.statement.kinds.parts import table_name, texts_in_parentheses
from supertable.adapters.engines.duckdb.statement.kinds.tokens import TokenReader
from supertable.application.ports.engines.statements import (
    AlterTableStatement,
    ColumnChange,
    LayoutStatement,
    Name,
    RenameTableStatement,
)
from supertable.domain.errors import StatementRefused
from supertable.domain.schema.schema_changes import (
    AddColumn,
    DropColumn,
    Path,
    RenameColumn,
    SchemaChange,
    SetNullable,
    WidenColumn,
)

_ACTIONS = "ADD COLUMN, DROP COLUMN, RENAME, ALTER COLUMN, SET or RESET"
_NO_DEFAULTS = "Columns have no defaults. Give every value in INSERT."


def parsed_alter_table(reader: TokenReader) -> AlterTableStatement | RenameTableStatement | LayoutStatement:
    """The statement after `ALTER TABLE`."""
    if_exists = reader.take("if", "exists")
    table = table_name(reader)
    if reader.take("rename", "to"):
        new_name = reader.name("the new name")
        reader.need_end()
        return RenameTableStatement(table, if_exists, new_name)
    if reader.at("set") or reader.at("reset"):
        return _layout(reader, table, if_exists)
    changes = [_change(reader)]
    while reader.take(","):
        changes.append(_change(reader))
    reader.need_end()
    return AlterTableStatement(table, if_exists, tuple(changes))


def _layout(reader: TokenReader, table: Name, if_exists: bool) -> LayoutStatement:
    """`SET PARTITIONED BY (…)`, `SET SORTED BY (…)`, `RESET PARTITIONED BY` and `RESET SORTED BY`."""
    resets = reader.take("reset")
    if not resets:
        reader.need("set")
    part = next((word for word in ("partitioned", "sorted") if reader.take(word, "by")), None)
    if part is None:
        raise reader.unexpected("PARTITIONED BY or SORTED BY")
    texts = () if resets else texts_in_parentheses(reader)
    reader.need_end()
    by_partition = part == "partitioned"
    return LayoutStatement(table, if_exists, texts if by_partition else None, None if by_partition else texts)


def _change(reader: TokenReader) -> ColumnChange:
    if reader.take("add"):
        return _added(reader)
    if reader.take("drop"):
        return _dropped(reader)
    if reader.take("rename"):
        reader.take("column")
        path = reader.dotted("a column")
        reader.need("to")
        return ColumnChange((RenameColumn(path, reader.name("the new name")),))
    if reader.take("alter"):
        reader.take("column")
        return ColumnChange((_altered(reader, reader.dotted("a column")),))
    raise reader.unexpected(_ACTIONS)


def _added(reader: TokenReader) -> ColumnChange:
    _refuse_key(reader)
    refuse_constraints(reader)
    reader.take("column")
    only_if = False if reader.take("if", "not", "exists") else None
    path = reader.dotted("a column")
    text, nullable = column_definition(reader)
    _refuse_key(reader)
    not_null = () if nullable else (SetNullable(path, nullable=False),)
    return ColumnChange((AddColumn(path, reader.type_of(text)), *not_null), only_if)


def _dropped(reader: TokenReader) -> ColumnChange:
    reader.take("column")
    only_if = True if reader.take("if", "exists") else None
    path = reader.dotted("a column")
    if reader.at("cascade") or reader.at("restrict"):
        raise StatementRefused("DROP COLUMN takes no CASCADE and no RESTRICT.")
    return ColumnChange((DropColumn(path),), only_if)


def _refuse_key(reader: TokenReader) -> None:
    if reader.at("primary"):
        raise StatementRefused("The key of a table is chosen when it is created. Create another table.")


def _altered(reader: TokenReader, path: Path) -> SchemaChange:
    if reader.take("set", "not", "null"):
        return SetNullable(path, nullable=False)
    if reader.take("drop", "not", "null"):
        return SetNullable(path, nullable=True)
    if reader.at("set", "default") or reader.at("drop", "default"):
        raise StatementRefused(_NO_DEFAULTS)
    reader.take("set", "data")
    reader.need("type")
    start = reader.position
    reader.skip_until((",",), ("using",), ("collate",))
    if reader.position == start:
        raise reader.unexpected("a type")
    kind = reader.type_of(reader.piece(start, reader.position))
    if reader.at("using") or reader.at("collate"):
        raise StatementRefused("A column's type changes without USING and COLLATE, to one that holds every value.")
    return WidenColumn(path, kind)
