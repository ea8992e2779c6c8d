"""`whoami`."""

from __future__ import annotations

import typer

from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_properties
from supertable.entrypoints.cli.terminal.session import Session


def whoami(context: typer.Context) -> None:
    """Show the user and role you act as, and what the role may do."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.whoami()
    if session.as_json:
        write_json(found)
        return
    rows = [
        ("user", found.user),
        ("hash", found.user_hash),
        ("organization", found.organization),
        ("role", f"{found.role} ({found.role_type})"),
        ("permissions", found.permissions),
        ("attributes", format_properties(found.attributes)),
    ]
    console().print(table(["", ""], rows))
