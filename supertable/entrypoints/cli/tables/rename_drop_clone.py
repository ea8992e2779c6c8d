"""`rename`, `drop`, `undrop` and `clone`."""

from __future__ import annotations

from typing import Annotated

import typer

from supertable.entrypoints.cli.tables.arguments import TableName, VersionOption
from supertable.entrypoints.cli.terminal.confirmation import confirm
from supertable.entrypoints.cli.terminal.output.console import console, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count
from supertable.entrypoints.cli.terminal.session import Session

NewName = Annotated[str, typer.Argument(metavar="NEW", help="New table name.", show_default=False)]


def rename(context: typer.Context, name: TableName, new_name: NewName) -> None:
    """Rename a table. Its rows, versions and tags do not change."""
    session = Session.of(context)
    with session.connect() as lake:
        table = lake.rename(name, new_name)
    if session.as_json:
        write_json({"table": table.name, "renamed_from": name})
    else:
        console().print(f"Renamed {name} to {table.name}.")


def drop(
    context: typer.Context,
    name: TableName,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
) -> None:
    """Drop a table. `undrop` restores it until a vacuum removes it."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.table(name).name
        confirm(f"Drop the table {found}?", yes)
        lake.drop(name)
    if session.as_json:
        write_json({"dropped": found})
    else:
        console().print(f"Dropped {found}. Restore it with `supertable undrop {found}`.")


def undrop(
    context: typer.Context,
    name: TableName,
    as_name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Name for the restored table.", show_default="TABLE")
    ] = None,
) -> None:
    """Restore the most recently dropped table of a name, with all its versions."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.undrop(name, as_name).info()
    if session.as_json:
        write_json(info)
    else:
        console().print(f"Restored table {info.name}: version {info.version}, {format_count(info.rows, 'row')}.")


def clone(context: typer.Context, name: TableName, new_name: NewName, version: VersionOption = None) -> None:
    """Create a table with another table's rows, without copying them.

    The two tables share data files, but a write to one never shows in the
    other.

    Example: supertable clone flights trial --version v1.0
    """
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.clone(name, new_name, version).info()
    if session.as_json:
        write_json(info)
    else:
        shared = f"{format_count(info.rows, 'row')}, {format_count(info.files, 'file')} shared"
        console().print(f"Cloned {name} to {info.name}: version {info.version}, {shared}.")
