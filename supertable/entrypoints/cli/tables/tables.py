"""`tables`, `describe`, `history` and `restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.terminal.screen import amount, console, properties, shown, size, table, write_json
from supertable.entrypoints.cli.terminal.session import Session
from supertable.entrypoints.cli.terminal.write_reports import write_report

if TYPE_CHECKING:
    from supertable.application.tables.history import HistoryEntry

TableName = Annotated[str, typer.Argument(metavar="TABLE", help="Name of a table.", show_default=False)]
VersionOption = Annotated[
    str | None, typer.Option(metavar="VERSION", help="A version or a tag.", show_default="the newest version")
]


def as_version(text: str) -> int | str:
    """Digits are the number of a version, anything else is a tag."""
    return int(text) if text.removeprefix("-").isdecimal() else text


def tables(
    context: typer.Context,
    dropped: Annotated[bool, typer.Option("--dropped", help="List those that `undrop` can bring back.")] = False,
) -> None:
    """List the tables."""
    session = Session.of(context)
    if dropped:
        _dropped_tables(session)
        return
    with session.connect() as lake:
        found = lake.tables()
    if session.as_json:
        write_json(found)
    elif not found:
        console().print("There are no tables yet. `supertable load FILE --into NAME` makes one.")
    else:
        rows = [
            (info.name, info.version, info.rows, info.files, size(info.bytes), info.keys, info.updated_at, info.comment)
            for info in found
        ]
        headings = ["table", "version", "rows", "files", "size", "keys", "updated", "comment"]
        console().print(table(headings, rows, numbers=(1, 2, 3, 4)))


def _dropped_tables(session: Session) -> None:
    with session.connect() as lake:
        found = lake.dropped_tables()
    if session.as_json:
        write_json(found)
    elif not found:
        console().print("There are no dropped tables.")
    else:
        console().print(table(["table", "dropped"], [(info.name, info.dropped_at) for info in found]))


def describe(context: typer.Context, name: TableName) -> None:
    """Show a table's columns and numbers."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.table(name)
        info, columns = found.info(), found.columns()
    if session.as_json:
        write_json({"table": info, "columns": columns})
        return
    screen = console()
    screen.print(
        f"{info.name}  version {info.version}, {amount(info.rows, 'row')}, {amount(info.files, 'file')}, ", end=""
    )
    screen.print(f"{size(info.bytes)}, {amount(info.dead_rows, 'dead row')}")
    screen.print(f"made {shown(info.created_at)}, changed {shown(info.updated_at)}")
    if info.keys:
        screen.print(f"keys {shown(info.keys)}" + (f", sequence {info.sequence}" if info.sequence else ""))
    if info.comment:
        screen.print(info.comment)
    screen.print()
    rows = [(column.field_id, column.name, column.type, column.nullable, column.comment) for column in columns]
    screen.print(table(["id", "column", "type", "null", "comment"], rows, numbers=(0,)))


def history(
    context: typer.Context,
    name: TableName,
    limit: Annotated[int, typer.Option(min=1, help="How many versions, newest first.")] = 20,
) -> None:
    """List a table's versions, newest first."""
    session = Session.of(context)
    with session.connect() as lake:
        entries = lake.table(name).history(limit)
    if session.as_json:
        write_json(entries)
        return
    rows = [
        (
            entry.version,
            entry.committed_at,
            entry.operation,
            entry.rows_inserted,
            entry.rows_updated,
            entry.rows_deleted,
            size(entry.bytes_added),
            properties(entry.properties),
            _why(entry),
        )
        for entry in entries
    ]
    headings = ["version", "committed", "operation", "inserted", "updated", "deleted", "size", "properties", "why"]
    console().print(table(headings, rows, numbers=(0, 3, 4, 5, 6)))


def _why(entry: HistoryEntry) -> str:
    restored = f"to version {entry.restored}" if entry.restored else ""
    return entry.reason or entry.predicate or restored or entry.description


def restore(
    context: typer.Context,
    name: TableName,
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="The version to go back to, or its tag.", show_default=False)
    ],
) -> None:
    """Make a new version with the rows and columns of an older one. Nothing is lost."""
    session = Session.of(context)
    with session.connect() as lake:
        result = lake.table(name).restore(as_version(version))
    write_report(session, result, f"Restored {result.table} to version {version}")
