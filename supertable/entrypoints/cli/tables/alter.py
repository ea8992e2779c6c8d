"""`alter`: changes to a table's columns. No data is rewritten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supertable.entrypoints.cli.tables.arguments import TableName
from supertable.entrypoints.cli.terminal.output.write_reports import report_write
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.commits.write_result import WriteResult
    from supertable.entrypoints.sdk.lakes.lake import Lake
    from supertable.entrypoints.sdk.tables.table import Table

alter = typer.Typer(name="alter", no_args_is_help=True)

Column = Annotated[
    str,
    typer.Argument(metavar="COLUMN", help="Column name, or outer.inner for a field of a struct.", show_default=False),
]
SqlType = Annotated[str, typer.Argument(metavar="TYPE", help="SQL type, such as 'DECIMAL(10, 2)'.", show_default=False)]


@dataclass(frozen=True, slots=True)
class _Target:
    """The table that a subcommand changes."""

    table: str


@alter.callback()
def set_target(context: typer.Context, name: TableName) -> None:
    """Change a table's columns without rewriting data.

    Each change creates a new version. Older versions keep their columns.

    Example: supertable alter flights add note VARCHAR --comment "free text"
    """
    context.obj = _Target(name)


@alter.command()
def add(
    context: typer.Context,
    column: Column,
    type_: SqlType,
    comment: Annotated[str, typer.Option(metavar="TEXT", help="Description of the column.")] = "",
) -> None:
    """Add a column, which is null in all existing rows."""
    _change(context, lambda lake, table: table.add_column(tuple(column.split(".")), _type(lake, type_), comment))


@alter.command()
def drop(context: typer.Context, column: Column) -> None:
    """Drop a column. A new column of the same name does not get the old values."""
    _change(context, lambda _, table: table.drop_column(_path(table, column)))


@alter.command()
def rename(
    context: typer.Context,
    column: Column,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="New column name.", show_default=False)],
) -> None:
    """Rename a column."""
    _change(context, lambda _, table: table.rename_column(_path(table, column), new_name))


@alter.command()
def move(
    context: typer.Context,
    column: Column,
    after: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column to place it after.", show_default="the first position"),
    ] = None,
) -> None:
    """Move a column to the first position, or after another column."""
    _change(context, lambda _, table: table.move_column(_path(table, column), after))


@alter.command()
def widen(context: typer.Context, column: Column, type_: SqlType) -> None:
    """Change a column to a wider type, such as INTEGER to BIGINT or DATE to TIMESTAMP.

    The new type must hold every value of the old one exactly.
    """
    _change(context, lambda lake, table: table.widen_column(_path(table, column), _type(lake, type_)))


@alter.command()
def allow_nulls(context: typer.Context, column: Column) -> None:
    """Allow nulls in a column."""
    _change(context, lambda _, table: table.set_nullable(_path(table, column), True))


@alter.command()
def forbid_nulls(context: typer.Context, column: Column) -> None:
    """Forbid nulls in a column. Fails if the column contains nulls."""
    _change(context, lambda _, table: table.set_nullable(_path(table, column), False))


@alter.command()
def comment(
    context: typer.Context,
    column: Column,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Description of the column.", show_default=False)],
) -> None:
    """Set a column's description."""
    _change(context, lambda _, table: table.comment_column(_path(table, column), text))


def _change(context: typer.Context, change: Callable[[Lake, Table], WriteResult]) -> None:
    session = Session.of(context)
    target = context.find_object(_Target)
    assert target is not None, "set_target stores it"
    with session.connect() as lake:
        table = lake.table(target.table)
        result = change(lake, table)
        description = table.history(1)[0].description
    report_write(session, result, f"Altered {result.table} ({description})")


def _path(table: Table, column: str) -> tuple[str, ...]:
    """A path of one name if the table has a column of exactly this name; otherwise the parts between the dots."""
    is_column = any(known.name.lower() == column.lower() for known in table.columns())
    return (column,) if is_column else tuple(column.split("."))


def _type(lake: Lake, text: str) -> Any:
    """The Arrow type of a SQL type."""
    schema = lake.sql(f"SELECT CAST(NULL AS {text}) AS x").schema
    if schema.names != ["x"]:
        raise typer.BadParameter(f"{text!r} is not a type.", param_hint="TYPE")
    return schema.field(0).type
