"""The outcome of a write, as one line for people or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supertable.entrypoints.cli.terminal.output.console import console, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count, format_size
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.commits.write_result import WriteResult


def report_write(session: Session, result: WriteResult, headline: str, seconds: float | None = None) -> None:
    if session.as_json:
        write_json(result)
    else:
        elapsed = "" if seconds is None else f", in {seconds:.1f} s"
        console().print(f"{headline}: {write_summary(result)}{elapsed}.")


def write_summary(result: WriteResult) -> str:
    """`version 3, 10 rows inserted, 2 rows updated, 1 file of 1.2 kB`."""
    if result.replayed:
        return f"already done as version {result.version}; nothing written"
    counts = (
        (result.rows_inserted, "inserted"),
        (result.rows_updated, "updated"),
        (result.rows_deleted, "deleted"),
    )
    changes = [f"{format_count(count, 'row')} {change}" for count, change in counts if count] or ["no rows changed"]
    files = (
        [f"{format_count(result.files_added, 'file')} of {format_size(result.bytes_added)}"]
        if result.files_added
        else []
    )
    return ", ".join([f"version {result.version}", *changes, *files])
