"""`catalog rebuild`."""

from __future__ import annotations

import typer

from supertable.entrypoints.cli.terminal.output.console import console, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count
from supertable.entrypoints.cli.terminal.session import Session

catalog = typer.Typer(name="catalog", no_args_is_help=True)


@catalog.callback()
def about() -> None:
    """Manage the catalog."""


@catalog.command()
def rebuild(context: typer.Context) -> None:
    """Rebuild a lost or damaged catalog from storage. Tables do not change.

    Rebuilds the catalog for all organizations. Needs the superuser.
    """
    session = Session.of(context)
    with session.connect() as lake:
        report = lake.rebuild_catalog()
    if session.as_json:
        write_json(report)
    else:
        console().print(f"Rebuilt the catalog: {format_count(report.tables, 'table')} in {report.seconds:.1f} s.")
