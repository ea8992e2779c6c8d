"""`maintain`, once or as a loop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.maintenance.compact import compaction_text
from supertable.entrypoints.cli.maintenance.vacuum import purge_text, vacuum_text
from supertable.entrypoints.cli.terminal.failures import FAILED
from supertable.entrypoints.cli.terminal.screen import console, write_json
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.maintenance.maintain_lake import MaintenanceReport


def maintain(
    context: typer.Context,
    every: Annotated[
        float | None,
        typer.Option(
            min=0.1, metavar="SECONDS", help="Do it again and again, until SIGTERM or Ctrl-C; once if not given."
        ),
    ] = None,
) -> None:
    """Compact and vacuum what is due by the tables' policies (`supertable policy`), and purge dropped tables."""
    session = Session.of(context)
    with session.connect() as lake:
        if every is None:
            report = lake.maintain()
            _show(session, report, silent=False)
            if report.failures:
                raise typer.Exit(FAILED)
            return
        with _stop_on_signals() as stop:
            while not stop.is_set():
                _show(session, lake.maintain(stop.is_set), silent=True)
                stop.wait(every)


def _show(session: Session, report: MaintenanceReport, silent: bool) -> None:
    """`silent`: say nothing when nothing was done."""
    lines = [
        *map(compaction_text, report.compactions),
        *map(vacuum_text, report.vacuums),
        *map(purge_text, report.purged),
        *([f"Removed {report.jobs.jobs:,} expired jobs."] if report.jobs and report.jobs.jobs else []),
    ]
    if silent and not lines and not report.failures:
        return
    if session.as_json:
        write_json(report)
        return
    for line in lines:
        console().print(line)
    for failure in report.failures:
        console(error=True).print(f"Could not {failure.action} {failure.table}: {failure.reason}")
    if not lines and not report.failures:
        console().print("Nothing is due.")


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """SIGTERM and Ctrl-C set the event, so that work in progress comes to its end; a second one ends at once."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(*_: object) -> None:
        stop.set()
        restore()

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        restore()
