"""`config`."""

from __future__ import annotations

import typer

from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.session import Session


def config(context: typer.Context) -> None:
    """Show the settings in effect and where each comes from. Secrets are hidden."""
    from supertable.config.backends.catalogs_and_locks import selected_backends

    session = Session.of(context)
    loaded = session.settings()
    settings = [*loaded.describe(), *selected_backends(loaded)]
    if session.as_json:
        write_json(settings)
    else:
        rows = [(setting.name, setting.value, setting.source, setting.description) for setting in settings]
        console().print(table(["setting", "value", "source", "description"], rows))
