"""`compact`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.tables.arguments import SortOption, TableName
from supertable.entrypoints.cli.terminal.output.console import console, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count, format_size
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.maintenance.compact_table import CompactionResult


def compact(
    context: typer.Context,
    name: TableName,
    sort_by: SortOption = None,
    everything: Annotated[bool, typer.Option("--everything", help="Rewrite all files.")] = False,
) -> None:
    """Merge small files and files with many dead rows into few clean files.

    Writers are not blocked. `supertable policy` shows which files count as
    small or as having many dead rows.

    Example: supertable compact flights --sort-by carrier
    """
    session = Session.of(context)
    with session.connect() as lake:
        result = lake.table(name).compact(sort_by, everything=everything)
    if session.as_json:
        write_json(result)
    else:
        console().print(compaction_text(result))


def compaction_text(result: CompactionResult) -> str:
    skipped = ""
    if result.given_up:
        skipped = f" {format_count(result.given_up, 'file group')} skipped because of concurrent writes."
    if not result.commits:
        return f"Compacted {result.table}: nothing to do.{skipped}"
    before = f"{format_count(result.files_before, 'file')} of {format_size(result.bytes_before)}"
    after = f"{format_count(result.files_after, 'file')} of {format_size(result.bytes_after)}"
    rows = f"{format_count(result.rows, 'row')} rewritten, {format_count(result.rows_dropped, 'dead row')} removed"
    return f"Compacted {result.table}: version {result.version}, {before} became {after}, {rows}.{skipped}"
