"""`tombstones`."""

from __future__ import annotations

from typing import Annotated

import typer

from supertable.entrypoints.cli.tables.tables import TableName
from supertable.entrypoints.cli.terminal.screen import amount, console, properties, table, write_json
from supertable.entrypoints.cli.terminal.session import Session


def tombstones(
    context: typer.Context,
    name: TableName,
    limit: Annotated[int, typer.Option(min=1, help="How many deletes, newest first.")] = 20,
) -> None:
    """List a table's deletes: when, what, why. The version before each still has the rows."""
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
            amount(entry.keys, "key") if entry.keys is not None else entry.predicate,
            entry.reason,
            properties(entry.properties),
        )
        for entry in found
    ]
    headings = ["version", "deleted", "operation", "rows", "what", "why", "properties"]
    console().print(table(headings, rows, numbers=(0, 3)))
