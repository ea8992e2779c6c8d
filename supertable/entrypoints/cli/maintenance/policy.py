"""`policy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.tables.arguments import PartitionOption, SortOption, TableName
from supertable.entrypoints.cli.terminal.durations import format_seconds, parse_seconds
from supertable.entrypoints.cli.terminal.output.console import console, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_size
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.tables.table_info import TableInfo
    from supertable.domain.table.maintenance_policy import MaintenancePolicy


def policy(
    context: typer.Context,
    name: TableName,
    target_file_bytes: Annotated[
        int | None, typer.Option("--target-file-size", metavar="BYTES", help="Size of compacted files.")
    ] = None,
    small_files: Annotated[
        int | None, typer.Option(help="Number of small files that triggers a compaction.", metavar="COUNT")
    ] = None,
    dirty_share: Annotated[
        float | None,
        typer.Option(help="Share of dead rows, such as 0.2, from which a file is compacted.", metavar="SHARE"),
    ] = None,
    sort_by: SortOption = None,
    unsorted: Annotated[bool, typer.Option("--unsorted", help="Stop sorting files.")] = False,
    partition_by: PartitionOption = None,
    unpartitioned: Annotated[bool, typer.Option("--unpartitioned", help="Stop partitioning files.")] = False,
    retention: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long to keep replaced versions, such as 7d or 12h.")
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Engine of queries that name none: auto, lite, pro, spark or default."),
    ] = None,
) -> None:
    """Show a table's maintenance policy, or change it with options.

    `supertable maintain` compacts and vacuums each table by its policy. Options
    that are not given stay unchanged.

    Example: supertable policy flights --sort-by carrier --retention 30d
    """
    session = Session.of(context)
    retention_seconds = None if retention is None else parse_seconds(retention)
    sort_columns = [] if unsorted else sort_by
    partitions = [] if unpartitioned else partition_by
    options = (target_file_bytes, small_files, dirty_share, sort_columns, retention_seconds, partitions)
    with session.connect() as lake:
        table = lake.table(name)
        if any(value is not None for value in options):
            table.set_maintenance(
                target_file_bytes=target_file_bytes,
                small_files=small_files,
                dirty_share=dirty_share,
                sort_by=sort_columns,
                retention=retention_seconds,
                partition_by=partitions,
            )
        if engine is not None:
            table.set_engine(engine)
        found, named = table.maintenance(), table.engine()
        info = table.info()
    _show(session, found, info, named)


def _show(session: Session, policy: MaintenancePolicy, info: TableInfo, engine: str) -> None:
    if session.as_json:
        write_json(
            {
                "target_file_bytes": policy.target_file_bytes,
                "small_files": policy.small_files,
                "dirty_share": policy.dirty_share,
                "sort_by": info.sort_by,
                "partition_by": info.partition_by,
                "retention_seconds": policy.retention_seconds,
                "engine": engine,
            }
        )
        return
    screen = console()
    screen.print(f"Compacted files: {format_size(policy.target_file_bytes)}, sorted by {_sorting(info.sort_by)}.")
    if info.partition_by:
        screen.print(f"Files are partitioned by {', '.join(info.partition_by)}.")
    screen.print(
        f"Compaction runs when {policy.small_files} files are small, "
        f"or when one has {policy.dirty_share:.0%} dead rows."
    )
    screen.print(f"Replaced versions are kept for {format_seconds(policy.retention_seconds)}.")
    screen.print(f"The engine of queries that name none is {'as configured' if engine == 'default' else engine}.")


def _sorting(columns: list[str]) -> str:
    return ", ".join(columns) or "no column"
