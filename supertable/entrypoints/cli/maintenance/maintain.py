"""`maintain`: one round of maintenance, or a loop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.maintenance.compact import compaction_text
from supertable.entrypoints.cli.maintenance.vacuum import purge_text, vacuum_text
from supertable.entrypoints.cli.terminal.exit_codes import FAILED
from supertable.entrypoints.cli.terminal.output.console import console, write_json
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.maintenance.maintain_lake import MaintenanceReport


def maintain(
    context: typer.Context,
    every: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            metavar="SECONDS",
            help="Repeat with this pause, until SIGTERM or Ctrl-C.",
            show_default="run once",
        ),
    ] = None,
) -> None:
    """Compact and vacuum all tables that are due, and purge dropped tables.

    Each table's policy decides what is due; see `supertable policy`. The exit
    code is 1 if a single run fails for a table.

    Example: supertable maintain --every 300
    """
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
    """`silent`: print nothing if there was nothing to do."""
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
        console().print("Nothing to do.")


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """The first SIGTERM or Ctrl-C sets the event, so that running work can finish; a second one ends the process."""
    stop = threading.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def request_stop(*_: object) -> None:
        stop.set()
        restore()

    for number in before:
        signal.signal(number, request_stop)
    try:
        yield stop
    finally:
        restore()
