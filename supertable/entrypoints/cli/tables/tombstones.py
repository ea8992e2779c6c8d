"""`tombstones`."""

from __future__ import annotations

from typing import Annotated

import typer

from supertable.entrypoints.cli.tables.arguments import TableName
from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count, format_properties
from supertable.entrypoints.cli.terminal.session import Session


def tombstones(
    context: typer.Context,
    name: TableName,
    limit: Annotated[int, typer.Option(min=1, metavar="COUNT", help="Maximum number of deletes.")] = 20,
) -> None:
    """List a table's deletes, newest first, with their conditions and reasons.

    The version before each delete still has the deleted rows.
    """
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.table(name).tombstones(limit)
    if session.as_json:
        write_json(found)
        return
    rows = [
        (
            entry.version,
            entry.deleted_at,
            entry.operation,
            entry.rows,
            format_count(entry.keys, "key") if entry.keys is not None else entry.predicate,
            entry.reason,
            format_properties(entry.properties),
        )
        for entry in found
    ]
    headings = ["version", "deleted at", "operation", "rows", "condition", "reason", "properties"]
    console().print(table(headings, rows, numbers=(0, 3)))
