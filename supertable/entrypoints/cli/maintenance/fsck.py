"""`fsck`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.terminal.failures import FAILED
from supertable.entrypoints.cli.terminal.screen import amount, console, size, table, write_json
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.integrity.check_lake import CheckProgress
    from supertable.domain.findings import CheckReport, Finding


def fsck(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Do what is safe: nothing is lost by it.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not read the data files, only look at their sizes.")
    ] = False,
) -> None:
    """Check everything that is stored. Exit code 1 when something is damaged and was not repaired."""
    session = Session.of(context)
    with session.connect() as lake, _bar(session.as_json) as progress:
        report = lake.fsck(repair=repair, quick=quick, progress=progress)
    if session.as_json:
        write_json({"sound": report.sound, "report": report})
    else:
        _show(report)
    if not report.sound:
        raise typer.Exit(FAILED)


def _show(report: CheckReport) -> None:
    screen = console()
    if report.findings:
        rows = [(finding.severity, finding.key, finding.what, _remedy(finding)) for finding in report.findings]
        screen.print(table(["", "where", "what", "repair"], rows))
    objects = ", ".join(
        (
            amount(report.records, "log record"),
            amount(report.checkpoints, "checkpoint"),
            amount(report.files, "data file"),
            amount(report.vectors, "deletion vector"),
        )
    )
    verdict = "All is sound" if report.sound else "There is damage"
    read = f", {size(report.bytes_read)} read" if report.bytes_read else ""
    screen.print(f"{verdict}: {amount(report.tables, 'table')}, {objects}{read}, in {report.seconds:.1f} s.")


def _remedy(finding: Finding) -> str:
    if finding.repaired:
        return f"done: {finding.repair}"
    return f"--repair: {finding.repair}" if finding.repair else ""


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[CheckProgress], None]]:
    """A bar on standard error, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console(error=True), transient=True) as bar:
        task = bar.add_task("Checking", total=None)
        yield lambda progress: bar.update(
            task,
            description=f"Checking {progress.table}",
            completed=progress.bytes_done,
            total=progress.bytes_total or None,
        )
