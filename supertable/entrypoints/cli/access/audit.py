"""`audit`: the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from supertable.entrypoints.cli.terminal.exit_codes import FAILED
from supertable.entrypoints.cli.terminal.output.console import console, table, write_json
from supertable.entrypoints.cli.terminal.output.formatting import format_count
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.audit.verify import AuditReport

audit = typer.Typer(name="audit", no_args_is_help=True)


@audit.callback()
def about() -> None:
    """List, verify and export the audit log.

    Needs a role of type admin or superadmin.
    """


@audit.command("list")
def list_events(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="COUNT", help="Maximum number of events.")] = 50,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", metavar="KIND", help="Show only events of this kind, such as refusal.", show_default="all kinds"
        ),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user", metavar="USER", help="Show only events of this user, by name or hash.", show_default="all users"
        ),
    ] = None,
) -> None:
    """List the newest events, newest first.

    `supertable query "FROM system.audit"` shows all columns.
    """
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.audit.events(limit, kind, user).to_pylist()
    if session.as_json:
        write_json(found)
    else:
        console().print(
            table(
                ["number", "at", "user", "role", "action", "statement or tables", "rows", "outcome"],
                map(_row, found),
                (0, 6),
            )
        )


@audit.command()
def verify(
    context: typer.Context,
    known: Annotated[
        str | None,
        typer.Option(
            "--known", metavar="SEQUENCE:HASH", help="End of the log, as an earlier run showed it.", show_default=False
        ),
    ] = None,
) -> None:
    """Verify that no event was edited, removed or reordered.

    The exit code is 1 if one was. Store the end of the log that this shows in
    another place: given with --known, it also reveals a log that was replaced
    as a whole.
    """
    session = Session.of(context)
    with session.connect() as lake:
        report = lake.audit.verify(known)
    if session.as_json:
        write_json({"whole": report.whole, "report": report})
    else:
        _show(report)
    if not report.whole:
        raise typer.Exit(FAILED)


@audit.command()
def export(context: typer.Context) -> None:
    """Export the events that wait on this machine to the log now."""
    session = Session.of(context)
    with session.connect() as lake:
        events = lake.audit.export()
    if session.as_json:
        write_json({"events": events})
    else:
        console().print(f"Exported {format_count(events, 'event')}.")


def _row(event: dict[str, Any]) -> tuple[object, ...]:
    tables = ", ".join(event["tables"])
    return (
        event["sequence"],
        event["at"],
        event["user_name"] or event["user"],
        event["role"],
        event["what"],
        event["statement"] or tables,
        event["rows"],
        event["outcome"],
    )


def _show(report: AuditReport) -> None:
    screen = console()
    if report.findings:
        screen.print(
            table(
                ["severity", "object", "finding"],
                [(finding.severity, finding.key, finding.what) for finding in report.findings],
            )
        )
    verdict = "is intact" if report.whole else "WAS TAMPERED WITH OR DAMAGED"
    extent = f"{format_count(report.events, 'event')} in {format_count(report.segments, 'segment')}"
    screen.print(f"The audit log {verdict}: {extent}.")
    if report.end:
        screen.print(f"End of the log: {report.end.sequence}:{report.end.hash}")
