"""Arguments that the commands on tables share."""

from __future__ import annotations

from typing import Annotated

import typer

TableName = Annotated[str, typer.Argument(metavar="TABLE", help="Table name.", show_default=False)]
VersionOption = Annotated[
    str | None, typer.Option(metavar="VERSION", help="Version number or tag.", show_default="the newest version")
]
