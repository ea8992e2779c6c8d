"""Options that say what belongs to a name: `--mask card=last:4`."""

from __future__ import annotations

from collections.abc import Iterable

import typer


def pairs(given: Iterable[str], option: str) -> dict[str, str]:
    """By name. Raises `BadParameter`, for Typer to show."""
    made: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint=option)
        if name in made:
            raise typer.BadParameter(f"{name!r} is given twice.", param_hint=option)
        made[name] = value
    return made
