"""`delete`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supertable.entrypoints.cli.tables.arguments import TableName
from supertable.entrypoints.cli.terminal.confirmation import confirm
from supertable.entrypoints.cli.terminal.output.write_reports import report_write
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.ports.readers import OpenedFiles
    from supertable.entrypoints.sdk.lakes.lake import Lake


def delete(
    context: typer.Context,
    name: TableName,
    where: Annotated[
        str | None, typer.Option(metavar="CONDITION", help="SQL condition; rows for which it is true are deleted.")
    ] = None,
    keys: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="File of key values; rows with these keys are deleted; - for standard input."
        ),
    ] = None,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Reason to record in the history.")] = "",
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Run at most once: a repeated delete with this key writes nothing."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Skip the confirmation.")] = False,
) -> None:
    """Delete rows by condition or by key. Older versions keep them.

    Give either --where or --keys. `restore` undoes a delete.

    Example: supertable delete flights --where "arr_delay IS NULL"
    """
    session = Session.of(context)
    if (where is None) == (keys is None):
        raise typer.BadParameter("Give either --where or --keys.", param_hint="--where / --keys")
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
    report_write(session, result, f"Deleted from {result.table}")


def _key_rows(lake: Lake, name: str, keys: str | None) -> AbstractContextManager[OpenedFiles | None]:
    if keys is None:
        return nullcontext()
    from supertable.application.ports.readers import ReadOptions

    types = {field.name: field.type for field in lake.table(name).schema}
    reader: Any = lake._container.file_reader()
    opened: AbstractContextManager[OpenedFiles | None] = reader.open([keys], ReadOptions(types=types))
    return opened
