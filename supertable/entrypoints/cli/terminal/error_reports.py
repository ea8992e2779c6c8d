"""Error messages on standard error: for people, or as JSON. The one place where errors are reported."""

from __future__ import annotations

import json
import sys
import traceback

import typer

from supertable.domain.errors import SupertableError
from supertable.entrypoints.cli.terminal.exit_codes import exit_code
from supertable.entrypoints.cli.terminal.output.styles import is_coloured


def report_error(error: BaseException, as_json: bool, verbose: bool) -> int:
    """Write the error to standard error and return the exit code. `verbose` adds the traceback."""
    code = exit_code(error)
    if verbose and not isinstance(error, typer.TyperException):
        traceback.print_exception(error, file=sys.stderr)
    if as_json:
        description = {"kind": type(error).__name__, "message": _message(error), "exit_code": code}
        typer.echo(json.dumps({"error": description}, ensure_ascii=False), err=True)
    elif isinstance(error, typer.TyperException):
        from typer.rich_utils import rich_format_error

        rich_format_error(error)  # type: ignore[arg-type]  # typed for a private subclass of what is caught
    else:
        typer.secho("Error: ", fg="red", bold=True, nl=False, err=True, color=is_coloured(sys.stderr))
        typer.echo(_message(error), err=True)
    return code


_WORDS = (
    ("`tables` lists the existing tables.", "`supertable tables` lists the tables."),
    ("`tables --dropped` lists", "`supertable tables --dropped` lists"),
    ("Write with evolve to", "Load with --evolve to"),
    ("write with evolve to", "load with --evolve to"),
    ("raise max_rows", "raise --max-rows"),
)
"""What an error says to do, in the words of the command line."""


def _message(error: BaseException) -> str:
    if isinstance(error, SupertableError):
        text = str(error)
        for words, option in _WORDS:
            text = text.replace(words, option)
        return text
    if isinstance(error, typer.TyperException):
        return error.format_message()
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return "Interrupted."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"Unexpected {type(error).__name__}: {error}. This is a bug in SuperTable; --verbose shows the traceback."
