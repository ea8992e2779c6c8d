"""The one place where errors become exit codes and messages."""

from __future__ import annotations

import json
import sys
import traceback

import typer

from supertable.domain.errors import (
    AccessDenied,
    AlreadyExists,
    Conflict,
    InvalidInput,
    NotFound,
    NotSignedIn,
    Outdated,
    SupertableError,
)

FAILED = 1
WRONG_INPUT = 2
NOT_FOUND = 3
IN_CONFLICT = 4
NOT_ALLOWED = 5
INTERRUPTED = 130
PIPE_CLOSED = 141  # what a shell reports for a program that SIGPIPE ended

_EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (InvalidInput, WRONG_INPUT),
    (NotFound, NOT_FOUND),
    (AlreadyExists, IN_CONFLICT),
    (Conflict, IN_CONFLICT),
    (Outdated, IN_CONFLICT),
    (NotSignedIn, NOT_ALLOWED),
    (AccessDenied, NOT_ALLOWED),
    (KeyboardInterrupt, INTERRUPTED),
    (typer.Abort, INTERRUPTED),
)


def exit_code(error: BaseException) -> int:
    if isinstance(error, typer.TyperException):
        return error.exit_code
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), FAILED)


def report(error: BaseException, as_json: bool, verbose: bool) -> int:
    """Tell the user on standard error, and return the exit code."""
    code = exit_code(error)
    if verbose and not isinstance(error, typer.TyperException):
        traceback.print_exception(error, file=sys.stderr)
    if as_json:
        said = {"kind": type(error).__name__, "message": _message(error), "exit_code": code}
        typer.echo(json.dumps({"error": said}, ensure_ascii=False), err=True)
    elif isinstance(error, typer.TyperException):
        from typer.rich_utils import rich_format_error

        rich_format_error(error)  # type: ignore[arg-type]  # typed for a private subclass of what is caught
    else:
        typer.secho("Error: ", fg="red", bold=True, nl=False, err=True)
        typer.echo(_message(error), err=True)
    return code


def _message(error: BaseException) -> str:
    if isinstance(error, SupertableError):
        return str(error)
    if isinstance(error, typer.TyperException):
        return error.format_message()
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return "Interrupted."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    said = f"{type(error).__name__}: {error}"
    return f"Unexpected {said}. This is a fault in SuperTable; --verbose shows where."
