"""Arguments that the commands on tables share."""

from __future__ import annotations

from typing import Annotated

import typer

TableName = Annotated[str, typer.Argument(metavar="TABLE", help="Table name.", show_default=False)]
VersionOption = Annotated[
    str | None, typer.Option(metavar="VERSION", help="Version number or tag.", show_default="the newest version")
]


def parse_version(text: str) -> int | str:
    """A version number if the text is digits, else a tag."""
    return int(text) if text.removeprefix("-").isdecimal() else text
