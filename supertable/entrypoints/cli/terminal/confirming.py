"""Asking before something is taken away."""

from __future__ import annotations

import sys

import typer


def confirm(question: str, yes: bool) -> None:
    """Ask, unless the answer was given with --yes; a no ends the command, and so does having nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("There is no terminal to ask on: say --yes.", param_hint="--yes")
    typer.confirm(question, abort=True, err=True)
