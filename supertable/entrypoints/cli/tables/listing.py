"""`tables` and `describe`."""

from __future__ import annotations

from typing import Annotated

import typer

from supertable.entrypoints.cli.tables.arguments import TableName
from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count, format_size, format_value
from supertable.entrypoints.cli.terminal.session import Session


def tables(
    context: typer.Context,
    dropped: Annotated[
        bool, typer.Option("--dropped", help="List the dropped tables that `undrop` can restore.")
    ] = False,
    views: Annotated[bool, typer.Option("--views", help="List the views instead.")] = False,
) -> None:
    """List the tables."""
    session = Session.of(context)
    if views:
        _list_views(session)
        return
    if dropped:
        _list_dropped(session)
        return
    with session.connect() as lake:
        found = lake.tables()
    if session.as_json:
        write_json(found)
    elif not found:
        console().print("No tables yet. Create one with `supertable load FILE --into TABLE`.")
    else:
        rows = [
            (
                info.name,
                info.version,
                info.rows,
                info.files,
                format_size(info.bytes),
                info.keys,
                info.updated_at,
                info.comment,
            )
            for info in found
        ]
        headings = ["table", "version", "rows", "files", "size", "keys", "updated", "comment"]
        console().print(table(headings, rows, numbers=(1, 2, 3, 4)))


def _list_views(session: Session) -> None:
    with session.connect() as lake:
        found = lake.views()
    if session.as_json:
        write_json(found)
    elif not found:
        console().print('No views. Create one with `supertable query "CREATE VIEW name AS SELECT …"`.')
    else:
        rows = [(info.name, info.definition, info.updated_at, info.comment) for info in found]
        console().print(table(["view", "query", "updated", "comment"], rows))


def _list_dropped(session: Session) -> None:
    with session.connect() as lake:
        found = lake.dropped_tables()
    if session.as_json:
        write_json(found)
    elif not found:
        console().print("No dropped tables.")
    else:
        console().print(table(["table", "dropped"], [(info.name, info.dropped_at) for info in found]))


def describe(context: typer.Context, name: TableName) -> None:
    """Show a table's columns, keys, size and version."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.table(name)
        info, columns = found.info(), found.columns()
    if session.as_json:
        write_json({"table": info, "columns": columns})
        return
    screen = console()
    screen.print(
        f"{info.name}  version {info.version}, {format_count(info.rows, 'row')}, {format_count(info.files, 'file')}, ",
        end="",
    )
    screen.print(f"{format_size(info.bytes)}, {format_count(info.dead_rows, 'dead row')}")
    screen.print(f"created {format_value(info.created_at)}, changed {format_value(info.updated_at)}")
    if info.keys:
        screen.print(f"keys {format_value(info.keys)}" + (f", sequence {info.sequence}" if info.sequence else ""))
    if info.partition_by:
        screen.print(f"partitioned by {format_value(info.partition_by)}")
    if info.sort_by:
        screen.print(f"sorted by {format_value(info.sort_by)}")
    if info.comment:
        screen.print(info.comment)
    screen.print()
    rows = [(column.field_id, column.name, column.type, column.nullable, column.comment) for column in columns]
    screen.print(table(["id", "column", "type", "nullable", "comment"], rows, numbers=(0,)))
