"""The command `shell`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from supertable.entrypoints.cli.terminal.session import Session


def shell(
    context: typer.Context,
    command: Annotated[
        str | None,
        typer.Option("--command", "-c", metavar="SQL", help="Run these statements, then exit.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="Run this script, then exit.", show_default=False),
    ] = None,
) -> None:
    """Type SQL, or run a script from a file or a pipe.

    A statement ends with `;` and may have several lines. `.help` lists the
    shell's own commands, which scripts may have too. Ctrl+C cancels what runs.

    Examples:
      supertable shell
      supertable shell -c "SELECT count(*) FROM flights"
      supertable shell -f nightly.sql
    """
    from supertable.entrypoints.cli.shell.line_input import TypedLines
    from supertable.entrypoints.cli.shell.statements import Shell, script_text

    if command is not None and file is not None:
        raise typer.BadParameter("Give either --command or --file.", param_hint="--command / --file")
    session = Session.of(context)
    with session.connect() as lake:
        running = Shell(lake, session.as_json)
        if command is not None:
            running.run_script(command)
        elif file is not None:
            running.run_script(script_text(file))
        elif not sys.stdin.isatty():
            running.run_script(sys.stdin.read())
        else:
            TypedLines(running, session.settings().home / "shell_history").run()
