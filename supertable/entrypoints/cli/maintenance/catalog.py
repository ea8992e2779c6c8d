"""`catalog rebuild`."""

from __future__ import annotations

import typer

from supertable.entrypoints.cli.terminal.screen import amount, console, write_json
from supertable.entrypoints.cli.terminal.session import Session

catalog = typer.Typer(help="Look after the catalog.", no_args_is_help=True)


@catalog.callback()
def about() -> None:
    """Look after the catalog."""


@catalog.command()
def rebuild(context: typer.Context) -> None:
    """Make the catalog anew from storage, when its file was lost or damaged. Tables stay as they are."""
    session = Session.of(context)
    with session.connect() as lake:
        report = lake.rebuild_catalog()
    if session.as_json:
        write_json(report)
    else:
        console().print(f"Rebuilt the catalog: {amount(report.tables, 'table')}, in {report.seconds:.1f} s.")
