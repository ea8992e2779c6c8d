"""`rename`, `drop`, `undrop` and `clone`."""

from __future__ import annotations

from typing import Annotated

import typer

from supertable.entrypoints.cli.tables.tables import TableName, VersionOption, as_version
from supertable.entrypoints.cli.terminal.confirming import confirm
from supertable.entrypoints.cli.terminal.screen import amount, console, write_json
from supertable.entrypoints.cli.terminal.session import Session

NewName = Annotated[str, typer.Argument(metavar="NEW", help="Name of the new table.", show_default=False)]


def rename(context: typer.Context, name: TableName, new_name: NewName) -> None:
    """Give a table another name. Its versions, tags and rows stay as they are."""
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
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Drop a table. `undrop` brings it back, until a vacuum removes it."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.table(name).name
        confirm(f"Drop the table {found}?", yes)
        lake.drop(name)
    if session.as_json:
        write_json({"dropped": found})
    else:
        console().print(f"Dropped {found}. `supertable undrop {found}` brings it back.")


def undrop(
    context: typer.Context,
    name: TableName,
    as_name: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Name to bring it back under.")] = None,
) -> None:
    """Bring back the table of that name that was dropped last."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.undrop(name, as_name).info()
    if session.as_json:
        write_json(info)
    else:
        console().print(f"Brought back {info.name}: version {info.version}, {amount(info.rows, 'row')}.")


def clone(context: typer.Context, name: TableName, new_name: NewName, version: VersionOption = None) -> None:
    """Make a table that begins with another's rows, without copying them. Writes to either leave the other alone."""
    session = Session.of(context)
    with session.connect() as lake:
        info = lake.clone(name, new_name, version and as_version(version)).info()
    if session.as_json:
        write_json(info)
    else:
        shared = f"{amount(info.rows, 'row')}, {amount(info.files, 'file')} shared"
        console().print(f"Cloned {name} to {info.name}: version {info.version}, {shared}.")
