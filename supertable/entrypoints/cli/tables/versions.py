"""`history` and `restore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.tables.arguments import TableName
from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_properties, format_size
from supertable.entrypoints.cli.terminal.output.write_reports import report_write
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.tables.history import HistoryEntry


def history(
    context: typer.Context,
    name: TableName,
    limit: Annotated[int, typer.Option(min=1, metavar="COUNT", help="Maximum number of versions.")] = 20,
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
            format_size(entry.bytes_added),
            format_properties(entry.properties),
            _details(entry),
        )
        for entry in entries
    ]
    headings = ["version", "committed", "operation", "inserted", "updated", "deleted", "size", "properties", "details"]
    console().print(table(headings, rows, numbers=(0, 3, 4, 5, 6)))


def _details(entry: HistoryEntry) -> str:
    restored = f"to version {entry.restored}" if entry.restored else ""
    return entry.reason or entry.predicate or restored or entry.description


def restore(
    context: typer.Context,
    name: TableName,
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="Version number or tag to restore.", show_default=False)
    ],
) -> None:
    """Restore an older version of a table, as a new version.

    The new version has the rows and columns of the older one. The versions
    between them are kept.

    Example: supertable restore flights 1
    """
    session = Session.of(context)
    with session.connect() as lake:
        result = lake.table(name).restore(version)
    report_write(session, result, f"Restored {result.table} to version {version}")
