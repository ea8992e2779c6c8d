"""`alter`: a table's columns. No data is rewritten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supertable.entrypoints.cli.tables.tables import TableName
from supertable.entrypoints.cli.terminal.session import Session
from supertable.entrypoints.cli.terminal.write_reports import write_report

if TYPE_CHECKING:
    from supertable.application.commits.write_result import WriteResult
    from supertable.entrypoints.sdk.lake import Lake
    from supertable.entrypoints.sdk.table import Table

alter = typer.Typer(help="Change a table's columns, without rewriting data.", no_args_is_help=True)

Column = Annotated[
    str, typer.Argument(metavar="COLUMN", help="A column, or outer.inner for a member of a struct.", show_default=False)
]
SqlType = Annotated[
    str, typer.Argument(metavar="TYPE", help="A type as SQL writes it, like 'DECIMAL(10, 2)'.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class _Target:
    table: str


@alter.callback()
def about(context: typer.Context, name: TableName) -> None:
    """Change a table's columns, without rewriting data. Older versions keep theirs."""
    context.obj = _Target(name)


@alter.command()
def add(
    context: typer.Context,
    column: Column,
    type_: SqlType,
    comment: Annotated[str, typer.Option(help="What the column holds.")] = "",
) -> None:
    """Add a column, null in all rows there are."""
    _change(context, lambda lake, table: table.add_column(tuple(column.split(".")), _type(lake, type_), comment))


@alter.command()
def drop(context: typer.Context, column: Column) -> None:
    """Drop a column. A later one of the same name does not get its values back."""
    _change(context, lambda _, table: table.drop_column(_path(table, column)))


@alter.command()
def rename(
    context: typer.Context,
    column: Column,
    new_name: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.", show_default=False)],
) -> None:
    """Rename a column."""
    _change(context, lambda _, table: table.rename_column(_path(table, column), new_name))


@alter.command()
def move(
    context: typer.Context,
    column: Column,
    after: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="The column to come after.", show_default="first")
    ] = None,
) -> None:
    """Move a column to the first place, or after another."""
    _change(context, lambda _, table: table.move_column(_path(table, column), after))


@alter.command()
def widen(context: typer.Context, column: Column, type_: SqlType) -> None:
    """Give a column a type that holds all its values exactly: INTEGER to BIGINT, DATE to TIMESTAMP."""
    _change(context, lambda lake, table: table.widen_column(_path(table, column), _type(lake, type_)))


@alter.command()
def allow_nulls(context: typer.Context, column: Column) -> None:
    """Allow nulls in a column."""
    _change(context, lambda _, table: table.set_nullable(_path(table, column), True))


@alter.command()
def forbid_nulls(context: typer.Context, column: Column) -> None:
    """Forbid nulls in a column that has none."""
    _change(context, lambda _, table: table.set_nullable(_path(table, column), False))


@alter.command()
def comment(
    context: typer.Context,
    column: Column,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the column holds.", show_default=False)],
) -> None:
    """Say what a column holds."""
    _change(context, lambda _, table: table.comment_column(_path(table, column), text))


def _change(context: typer.Context, change: Callable[[Lake, Table], WriteResult]) -> None:
    session = Session.of(context)
    target = context.find_object(_Target)
    assert target is not None, "the callback has put it there"
    with session.connect() as lake:
        table = lake.table(target.table)
        result = change(lake, table)
        description = table.history(1)[0].description
    write_report(session, result, f"Altered {result.table} ({description})")


def _path(table: Table, column: str) -> tuple[str, ...]:
    """The column of just that name, if there is one; else a dot leads into a struct."""
    whole = any(known.name.lower() == column.lower() for known in table.columns())
    return (column,) if whole else tuple(column.split("."))


def _type(lake: Lake, text: str) -> Any:
    """The Arrow type of a type as SQL writes it."""
    schema = lake.sql(f"SELECT CAST(NULL AS {text}) AS x").schema
    if schema.names != ["x"]:
        raise typer.BadParameter(f"{text!r} is not a type.", param_hint="TYPE")
    return schema.field(0).type
