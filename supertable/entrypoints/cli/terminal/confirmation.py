"""Confirmation before a destructive command."""

from __future__ import annotations

import sys

import typer


def confirm(question: str, yes: bool) -> None:
    """Ask on the terminal, unless `yes`.

    Raises `typer.Abort` when the answer is no, and `BadParameter` when standard input is not a terminal.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("Cannot ask without a terminal. Add --yes to confirm.", param_hint="--yes")
    typer.confirm(question, abort=True, err=True)
