"""What a write did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supertable.entrypoints.cli.terminal.screen import amount, console, size, write_json
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.commits.write_result import WriteResult


def write_report(session: Session, result: WriteResult, headline: str, seconds: float | None = None) -> None:
    if session.as_json:
        write_json(result)
    else:
        took = "" if seconds is None else f", in {seconds:.1f} s"
        console().print(f"{headline}: {summary(result)}{took}.")


def summary(result: WriteResult) -> str:
    """`version 3, 10 rows inserted, 2 rows updated, 1 file of 1.2 kB`."""
    if result.replayed:
        return f"done before, as version {result.version}; nothing was written"
    counts = (
        (result.rows_inserted, "inserted"),
        (result.rows_updated, "updated"),
        (result.rows_deleted, "deleted"),
    )
    changes = [f"{amount(count, 'row')} {what}" for count, what in counts if count] or ["no row changed"]
    files = [f"{amount(result.files_added, 'file')} of {size(result.bytes_added)}"] if result.files_added else []
    return ", ".join([f"version {result.version}", *changes, *files])
