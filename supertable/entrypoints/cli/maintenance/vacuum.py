"""`vacuum`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.terminal.durations import parsed_seconds
from supertable.entrypoints.cli.terminal.screen import amount, console, size, table, write_json
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.maintenance.purge_tables import PurgeResult
    from supertable.application.maintenance.vacuum_lake import LakeVacuumResult
    from supertable.application.maintenance.vacuum_table import VacuumResult


def vacuum(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="TABLE", help="Name of a table; all, and dropped ones, if not given.")
    ] = None,
    retention: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="How long replaced versions are kept.", show_default="the policy's, or 7d"),
    ] = None,
    grace: Annotated[
        str, typer.Option(metavar="TIME", help="How old an object that no version knows must be, to be removed.")
    ] = "24h",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would go, and why; change nothing.")] = False,
) -> None:
    """Give up old versions, and remove the files that only they need. Tags, clones and running queries keep theirs."""
    session = Session.of(context)
    kept_seconds = None if retention is None else parsed_seconds(retention)
    grace_seconds = parsed_seconds(grace)
    with session.connect() as lake:
        if name is None:
            _show(session, lake.vacuum(kept_seconds, dry_run=dry_run, grace=grace_seconds))
        else:
            result = lake.table(name).vacuum(kept_seconds, dry_run=dry_run, grace=grace_seconds)
            write_json(result) if session.as_json else _show_table(result)


def _show(session: Session, result: LakeVacuumResult) -> None:
    if session.as_json:
        write_json(result)
        return
    for one in result.tables:
        _show_table(one)
    for purged in result.purged:
        _show_purged(purged)
    if not result.tables and not result.purged:
        console().print("There are no tables.")


def _show_table(result: VacuumResult) -> None:
    if result.dry_run:
        _list(result)
    console().print(vacuum_text(result))


def _show_purged(result: PurgeResult) -> None:
    if result.dry_run:
        _list(result)
    console().print(purge_text(result))


def vacuum_text(result: VacuumResult) -> str:
    objects = f"{amount(len(result.removed), 'object')} of {size(result.bytes_removed)}"
    parts = [f"{objects} would be removed" if result.dry_run else f"{objects} removed"]
    if not result.removed:
        parts = ["nothing to remove"]
    if result.waiting:
        parts = ["nothing removed, since somebody at work did not say what is needed; the next vacuum sees to it"]
    if result.bytes_in_use:
        parts.append(f"{size(result.bytes_in_use)} still being read")
    done = "Dry run of" if result.dry_run else "Vacuumed"
    return f"{done} {result.table}: {', '.join(parts)}; versions from {result.oldest} on are kept."


def purge_text(result: PurgeResult) -> str:
    objects = f"{amount(len(result.removed), 'object')} of {size(result.bytes_removed)}"
    done = f"{objects} would be removed" if result.dry_run else f"{objects} removed"
    return f"Dropped table {result.table}: {done}."


def _list(result: VacuumResult | PurgeResult) -> None:
    if result.removed:
        rows = [(removal.key, size(removal.bytes), removal.reason) for removal in result.removed]
        console().print(table(["object", "size", "why it may go"], rows, numbers=(1,)))
