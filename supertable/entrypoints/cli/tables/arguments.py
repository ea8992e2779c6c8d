"""Arguments that the commands on tables share."""

from __future__ import annotations

from typing import Annotated

import typer

TableName = Annotated[str, typer.Argument(metavar="TABLE", help="Table name.", show_default=False)]
VersionOption = Annotated[
    str | None, typer.Option(metavar="VERSION", help="Version number or tag.", show_default="the newest version")
]
PartitionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--partition-by",
        metavar="TRANSFORM",
        help="Column, or year, month, day, hour, truncate or bucket of one, as in 'bucket(16, id)'. Repeatable.",
        show_default=False,
    ),
]
SortOption = Annotated[
    list[str] | None, typer.Option("--sort-by", metavar="COLUMN", help="Column to sort files by. Repeatable.")
]
