"""`query` and `changes`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supertable.entrypoints.cli.rows.scripts import run_script
from supertable.entrypoints.cli.terminal.interruption import cancelled_on_interrupt
from supertable.entrypoints.cli.terminal.output.result_grid import write_grid
from supertable.entrypoints.cli.terminal.output.result_writer import ResultFormat, chosen_format, write_result
from supertable.entrypoints.cli.terminal.output.write_reports import report_write
from supertable.entrypoints.cli.terminal.session import Session
from supertable.entrypoints.cli.terminal.waiting import waiting

if TYPE_CHECKING:
    from supertable.entrypoints.sdk.lakes.lake import Lake
    from supertable.entrypoints.sdk.results.result import Result

FormatOption = Annotated[
    ResultFormat | None,
    typer.Option("--format", help="Output format.", show_default="from the suffix of --output, or table"),
]
OutputOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="File to write to.", show_default="standard output")
]
EngineOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Engine: auto, lite, pro or spark.", show_default="as configured, or auto"),
]
RowsOption = Annotated[int, typer.Option(min=1, metavar="COUNT", help="Maximum rows to show in the table format.")]


def query(
    context: typer.Context,
    sql: Annotated[
        str | None, typer.Argument(metavar="SQL", help="SQL statement, or - for standard input.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="Script of statements to run; - for standard input."),
    ] = None,
    format_: FormatOption = None,
    output: OutputOption = None,
    rows: RowsOption = 40,
    max_rows: Annotated[
        int | None, typer.Option(min=0, metavar="COUNT", help="Fail if the result has more rows than this.")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Fail after this many seconds.",
            show_default="as configured, or no limit",
        ),
    ] = None,
    engine: EngineOption = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Run at most once: a repeated change with this key changes nothing."),
    ] = None,
) -> None:
    """Run a SQL statement, or a script of them.

    Read an older version with `FROM flights AT (VERSION => 3)` or `FROM flights
    AT (TIMESTAMP => '2026-01-31')`. INSERT, DELETE and other statements change
    tables; each is one version. A script stops at the first error, and keeps
    what ran before it.

    Examples:
      supertable query "SELECT carrier, count(*) FROM flights GROUP BY ALL"
      supertable query "FROM flights AT (VERSION => 1)" --output first.parquet
      supertable query "DELETE FROM flights WHERE arr_delay IS NULL"
      supertable query --file nightly.sql
    """
    if (sql is None) == (file is None):
        raise typer.BadParameter("Give either a statement or --file.", param_hint="SQL / --file")
    session = Session.of(context)
    limits: dict[str, Any] = {"max_rows": max_rows, "timeout_seconds": timeout, "engine": engine}
    if file is not None:
        if output is not None or idempotency_key is not None:
            raise typer.BadParameter("A script takes no --output and no --idempotency-key.", param_hint="--file")
        script = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        run_script(
            session, script, limits, lambda result, started: _show(session, result, format_, None, rows, started)
        )
        return
    text = sys.stdin.read() if sql == "-" else sql
    _write(
        session,
        lambda lake: lake.sql(text or "", stream=True, idempotency_key=idempotency_key, **limits),
        format_,
        output,
        rows,
    )


def changes(
    context: typer.Context,
    table: Annotated[str, typer.Argument(metavar="TABLE", help="Table name.", show_default=False)],
    after: Annotated[
        int, typer.Option("--after", min=0, metavar="VERSION", help="Show changes after this version; 0 for all.")
    ] = 0,
    up_to: Annotated[
        int | None,
        typer.Option(
            "--up-to", min=0, metavar="VERSION", help="Last version to show.", show_default="the newest version"
        ),
    ] = None,
    format_: FormatOption = None,
    output: OutputOption = None,
    rows: RowsOption = 40,
    engine: EngineOption = None,
) -> None:
    """Show the rows inserted, updated and deleted between two versions.

    Example: supertable changes flights --after 2 --up-to 5
    """
    _write(
        Session.of(context),
        lambda lake: lake.changes(table, after, up_to, stream=True, engine=engine),
        format_,
        output,
        rows,
    )


def _write(
    session: Session, run: Callable[[Lake], Result], format_: ResultFormat | None, output: Path | None, rows: int
) -> None:
    chosen_format(format_, output, session.as_json)
    started = time.perf_counter()
    with session.connect() as lake:
        with waiting():
            result = run(lake)
        _show(session, result, format_, output, rows, started)


def _show(
    session: Session, result: Result, format_: ResultFormat | None, output: Path | None, rows: int, started: float
) -> None:
    """Write the rows of a result, or report what its statement changed."""
    if result.write is not None and not result.has_rows and format_ is None and output is None:
        report_write(session, result.write, f"{result.verb} {result.write.table}")
        return
    chosen = chosen_format(format_, output, session.as_json)
    with cancelled_on_interrupt(result.cancel):
        if chosen is not ResultFormat.TABLE:
            with waiting(quiet=output is None):
                write_result(result.batches(), chosen, output)
        elif output is None:
            write_grid(result.batches(), rows, started, engine=result.engine)
        else:
            _write_table(result, output, rows, started)


def _write_table(result: Result, output: Path, rows: int, started: float) -> None:
    from supertable.entrypoints.encoding.output_files import open_output

    with open_output(output) as sink:
        text = TextIOWrapper(sink, encoding="utf-8")
        write_grid(result.batches(), rows, started, text, result.engine)
        text.detach()
