"""Exit codes, and which error ends a command with which."""

from __future__ import annotations

import typer

from supertable.domain.errors import (
    AccessDenied,
    AddressInUse,
    AlreadyExists,
    Conflict,
    IdempotencyKeyReused,
    InvalidInput,
    NotFound,
    NotSignedIn,
    Outdated,
)

FAILED = 1
WRONG_INPUT = 2
NOT_FOUND = 3
IN_CONFLICT = 4
NOT_ALLOWED = 5
INTERRUPTED = 130
PIPE_CLOSED = 141  # what a shell reports for a program that SIGPIPE ended

_BY_ERROR: tuple[tuple[type[BaseException], int], ...] = (
    (InvalidInput, WRONG_INPUT),
    (NotFound, NOT_FOUND),
    (AlreadyExists, IN_CONFLICT),
    (Conflict, IN_CONFLICT),
    (Outdated, IN_CONFLICT),
    (IdempotencyKeyReused, IN_CONFLICT),
    (AddressInUse, IN_CONFLICT),
    (NotSignedIn, NOT_ALLOWED),
    (AccessDenied, NOT_ALLOWED),
    (KeyboardInterrupt, INTERRUPTED),
    (typer.Abort, INTERRUPTED),
)


def exit_code(error: BaseException) -> int:
    """The exit code of a command that ends with this error; 1 for errors without a code of their own."""
    if isinstance(error, typer.TyperException):
        return error.exit_code
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), FAILED)
