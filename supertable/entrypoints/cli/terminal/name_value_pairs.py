"""Options of the form NAME=VALUE, like `--mask card=last:4`."""

from __future__ import annotations

from collections.abc import Iterable

import typer


def parse_name_values(texts: Iterable[str], option: str) -> dict[str, str]:
    """Values by name. Raises `BadParameter`, which Typer shows, for other forms and for a repeated name."""
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint=option)
        if name in values:
            raise typer.BadParameter(f"{name!r} is given twice.", param_hint=option)
        values[name] = value
    return values
