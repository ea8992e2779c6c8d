"""`compact` and `policy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.tables.tables import TableName
from supertable.entrypoints.cli.terminal.durations import parsed_seconds, shown_seconds
from supertable.entrypoints.cli.terminal.screen import amount, console, size, write_json
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.maintenance.compact_table import CompactionResult

SortOption = Annotated[
    list[str] | None, typer.Option("--sort-by", metavar="COLUMN", help="Column to sort by. Repeatable.")
]


def compact(
    context: typer.Context,
    name: TableName,
    sort_by: SortOption = None,
    everything: Annotated[bool, typer.Option("--everything", help="Write every file anew.")] = False,
) -> None:
    """Write small files, and files with many dead rows, anew as few clean ones. Other writes go on meanwhile."""
    session = Session.of(context)
    with session.connect() as lake:
        result = lake.table(name).compact(sort_by, everything=everything)
    if session.as_json:
        write_json(result)
    else:
        console().print(compaction_text(result))


def compaction_text(result: CompactionResult) -> str:
    given_up = f" {amount(result.given_up, 'portion')} given up to other writers." if result.given_up else ""
    if not result.commits:
        return f"Compacted {result.table}: nothing to do.{given_up}"
    before = f"{amount(result.files_before, 'file')} of {size(result.bytes_before)}"
    after = f"{amount(result.files_after, 'file')} of {size(result.bytes_after)}"
    rows = f"{amount(result.rows, 'row')} written anew, {amount(result.rows_dropped, 'dead row')} left behind"
    return f"Compacted {result.table}: version {result.version}, {before} became {after}, {rows}.{given_up}"


def policy(
    context: typer.Context,
    name: TableName,
    target_file_bytes: Annotated[
        int | None, typer.Option("--target-file-size", metavar="BYTES", help="Size that compacted files get.")
    ] = None,
    small_files: Annotated[
        int | None, typer.Option(help="How many small files make a compaction due.", metavar="COUNT")
    ] = None,
    dirty_share: Annotated[
        float | None, typer.Option(help="Share of dead rows that makes a file due, like 0.2.", metavar="SHARE")
    ] = None,
    sort_by: SortOption = None,
    unsorted: Annotated[bool, typer.Option("--unsorted", help="Sort by no column any more.")] = False,
    retention: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long replaced versions are kept, like 7d or 12h.")
    ] = None,
) -> None:
    """Show what `maintain` does to a table, or change it by the options."""
    session = Session.of(context)
    kept_seconds = None if retention is None else parsed_seconds(retention)
    order = [] if unsorted else sort_by
    given = (target_file_bytes, small_files, dirty_share, order, kept_seconds)
    with session.connect() as lake:
        table = lake.table(name)
        if any(value is not None for value in given):
            table.set_maintenance(
                target_file_bytes=target_file_bytes,
                small_files=small_files,
                dirty_share=dirty_share,
                sort_by=order,
                retention=kept_seconds,
            )
        found = table.maintenance()
        names = {column.field_id: column.name for column in table.columns()}
    columns = [names[field_id] for field_id in found.sort_by if field_id in names]
    if session.as_json:
        write_json(
            {
                "target_file_bytes": found.target_file_bytes,
                "small_files": found.small_files,
                "dirty_share": found.dirty_share,
                "sort_by": columns,
                "retention_seconds": found.retention_seconds,
            }
        )
        return
    screen = console()
    screen.print(
        f"Files are compacted to {size(found.target_file_bytes)}, sorted by {', '.join(columns) or 'nothing'},"
    )
    screen.print(f"when {found.small_files} are small, or one has {found.dirty_share:.0%} dead rows.")
    screen.print(f"Replaced versions are kept for {shown_seconds(found.retention_seconds)}.")
