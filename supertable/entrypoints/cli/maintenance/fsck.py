"""`fsck`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.terminal.exit_codes import FAILED
from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count, format_size
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.integrity.check_lake import CheckProgress
    from supertable.domain.findings import CheckReport, Finding


def fsck(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired without losing data.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="Check only the sizes of data files, not their content.")
    ] = False,
) -> None:
    """Check all stored objects for damage.

    Checks transaction logs, checkpoints, data files, deletion vectors and the
    catalog. The exit code is 1 if there is damage that was not repaired.
    """
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
        screen.print(table(["severity", "object", "finding", "repair"], rows))
    objects = ", ".join(
        (
            format_count(report.records, "log record"),
            format_count(report.checkpoints, "checkpoint"),
            format_count(report.files, "data file"),
            format_count(report.vectors, "deletion vector"),
        )
    )
    verdict = "No damage found" if report.sound else "Damage found"
    read = f", {format_size(report.bytes_read)} read" if report.bytes_read else ""
    screen.print(f"{verdict}: {format_count(report.tables, 'table')}, {objects}{read}, in {report.seconds:.1f} s.")


def _remedy(finding: Finding) -> str:
    if finding.repaired:
        return f"repaired: {finding.repair}"
    return f"with --repair: {finding.repair}" if finding.repair else ""


@contextmanager
def _bar(quiet: bool) -> Iterator[Callable[[CheckProgress], None]]:
    """A progress bar on standard error; none when standard error is not a terminal."""
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
