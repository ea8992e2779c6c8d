"""`delete`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supertable.entrypoints.cli.tables.tables import TableName
from supertable.entrypoints.cli.terminal.confirming import confirm
from supertable.entrypoints.cli.terminal.session import Session
from supertable.entrypoints.cli.terminal.write_reports import write_report

if TYPE_CHECKING:
    from supertable.application.ports.readers import OpenedFiles
    from supertable.entrypoints.sdk.lake import Lake


def delete(
    context: typer.Context,
    name: TableName,
    where: Annotated[
        str | None, typer.Option(metavar="EXPRESSION", help="Delete the rows for which this is true.")
    ] = None,
    keys: Annotated[
        str | None, typer.Option(metavar="FILE", help="Delete the rows with the keys in this file.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Kept in the history.")] = "",
    idempotency_key: Annotated[str | None, typer.Option(help="A repeated delete with this key does nothing.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete rows. They stay in older versions, and `restore` brings them back."""
    session = Session.of(context)
    if (where is None) == (keys is None):
        raise typer.BadParameter("Give one of the two.", param_hint="--where / --keys")
    with session.connect() as lake:
        table = lake.table(name)
        rows = f"where {where}" if where is not None else f"with the keys in {keys}"
        confirm(f"Delete the rows of {table.name} {rows}?", yes)
        with _key_rows(lake, name, keys) as opened:
            result = lake.delete(
                name,
                where=where,
                keys=opened.reader if opened else None,
                reason=reason,
                idempotency_key=idempotency_key,
            )
    write_report(session, result, f"Deleted from {result.table}")


def _key_rows(lake: Lake, name: str, keys: str | None) -> AbstractContextManager[OpenedFiles | None]:
    if keys is None:
        return nullcontext()
    from supertable.application.ports.readers import ReadOptions

    types = {field.name: field.type for field in lake.table(name).schema}
    reader: Any = lake.container.file_reader()
    opened: AbstractContextManager[OpenedFiles | None] = reader.open([keys], ReadOptions(types=types))
    return opened
