"""`vacuum`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.terminal.durations import parse_seconds
from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count, format_size
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supertable.application.maintenance.purge_tables import PurgeResult
    from supertable.application.maintenance.vacuum_lake import LakeVacuumResult
    from supertable.application.maintenance.vacuum_table import VacuumResult
    from supertable.domain.maintenance.vacuum import Removal


def vacuum(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="Table name.", show_default="all tables, and dropped ones")
    ] = None,
    retention: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long to keep replaced versions, such as 7d or 12h.",
            show_default="the table's policy",
        ),
    ] = None,
    grace: Annotated[
        str, typer.Option(metavar="TIME", help="Minimum age of an unreferenced object before it is removed.")
    ] = "24h",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be removed and why; change nothing.")
    ] = False,
) -> None:
    """Remove old versions, and the files and rows that only they need.

    Versions that a tag, a clone or a running query uses are kept.

    Example: supertable vacuum flights --retention 3d --dry-run
    """
    session = Session.of(context)
    retention_seconds = None if retention is None else parse_seconds(retention)
    grace_seconds = parse_seconds(grace)
    with session.connect() as lake:
        if name is None:
            _show(session, lake.vacuum(retention_seconds, dry_run=dry_run, grace=grace_seconds))
        else:
            result = lake.table(name).vacuum(retention_seconds, dry_run=dry_run, grace=grace_seconds)
            write_json(result) if session.as_json else _show_table(result)


def _show(session: Session, result: LakeVacuumResult) -> None:
    if session.as_json:
        write_json(result)
        return
    for vacuumed in result.tables:
        _show_table(vacuumed)
    for purged in result.purged:
        _show_purged(purged)
    if not result.tables and not result.purged:
        console().print("No tables.")


def _show_table(result: VacuumResult) -> None:
    if result.dry_run:
        _list((*result.removed, *result.emptied))
    console().print(vacuum_text(result))


def _show_purged(result: PurgeResult) -> None:
    if result.dry_run:
        _list(result.removed)
    console().print(purge_text(result))


def vacuum_text(result: VacuumResult) -> str:
    parts = [_removed_text(result)]
    if result.waiting:
        parts = [
            "nothing removed yet, because a running process did not report the files it uses; the next vacuum retries"
        ]
    if result.bytes_in_use:
        parts.append(f"{format_size(result.bytes_in_use)} in use by running queries")
    done = "Dry run of" if result.dry_run else "Vacuumed"
    return f"{done} {result.table}: {', '.join(parts)}; versions from {result.oldest} on are kept."


def _removed_text(result: VacuumResult) -> str:
    objects = format_count(len(result.removed), "object")
    values = f"values of rows in {format_count(len(result.emptied), 'commit record')}"
    removed = " and ".join([*([objects] if result.removed else []), *([values] if result.emptied else [])])
    if not removed:
        return "nothing to remove"
    return f"{removed} of {format_size(result.bytes_removed)} {'would be removed' if result.dry_run else 'removed'}"


def purge_text(result: PurgeResult) -> str:
    objects = f"{format_count(len(result.removed), 'object')} of {format_size(result.bytes_removed)}"
    done = f"{objects} would be removed" if result.dry_run else f"{objects} removed"
    return f"Dropped table {result.table}: {done}."


def _list(removals: Sequence[Removal]) -> None:
    if removals:
        rows = [(removal.key, format_size(removal.bytes), removal.reason) for removal in removals]
        console().print(table(["object", "size", "reason"], rows, numbers=(1,)))
