"""`audit`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from supertable.entrypoints.cli.terminal.failures import FAILED
from supertable.entrypoints.cli.terminal.screen import amount, console, table, write_json
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.application.audit.verify import AuditReport

audit = typer.Typer(help="The audit log.", no_args_is_help=True)


@audit.callback()
def about() -> None:
    """The audit log. All of it needs a role of type admin or superadmin."""


@audit.command("list")
def list_events(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many events.")] = 50,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only events of this kind, like refusal.", show_default=False)
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="Only this user's, by name or hash.", show_default=False)
    ] = None,
) -> None:
    """List the newest events, newest first. `FROM system.audit` in SQL says more."""
    session = Session.of(context)
    with session.connect() as lake:
        found = lake.audit.events(limit, kind, user).to_pylist()
    if session.as_json:
        write_json(found)
    else:
        console().print(table(["", "at", "who", "role", "what", "of", "rows", "outcome"], map(_row, found), (0, 6)))


@audit.command()
def verify(
    context: typer.Context,
    known: Annotated[
        str | None,
        typer.Option(
            "--known", metavar="SEQUENCE:HASH", help="The end that an earlier run showed.", show_default=False
        ),
    ] = None,
) -> None:
    """Verify that nothing was edited, removed or moved. Exit code 1 when something was.

    Keep the end that it shows elsewhere: with --known, a log that was made anew as a whole is found out too.
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
    """Put the events that wait on this machine in the log now."""
    session = Session.of(context)
    with session.connect() as lake:
        events = lake.audit.export()
    if session.as_json:
        write_json({"events": events})
    else:
        console().print(f"Exported {amount(events, 'event')}.")


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
        screen.print(table(["", "where", "what"], [(one.severity, one.key, one.what) for one in report.findings]))
    verdict = "is whole" if report.whole else "IS NOT WHAT WAS WRITTEN"
    size = f"{amount(report.events, 'event')} in {amount(report.segments, 'segment')}"
    screen.print(f"The audit log {verdict}: {size}.")
    if report.end:
        screen.print(f"Its end: {report.end.sequence}:{report.end.hash}")
