"""`query` and `changes`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.terminal.encoders import ResultFormat, encode, replaced
from supertable.entrypoints.cli.terminal.grid import write_grid
from supertable.entrypoints.cli.terminal.interruption import cancelled_on_interrupt
from supertable.entrypoints.cli.terminal.session import Session

if TYPE_CHECKING:
    from supertable.entrypoints.sdk.lake import Lake
    from supertable.entrypoints.sdk.result import Result

_BY_SUFFIX = {
    ".json": ResultFormat.JSON,
    ".ndjson": ResultFormat.NDJSON,
    ".jsonl": ResultFormat.NDJSON,
    ".csv": ResultFormat.CSV,
    ".parquet": ResultFormat.PARQUET,
    ".arrow": ResultFormat.ARROW,
    ".arrows": ResultFormat.ARROW,
}


FormatOption = Annotated[
    ResultFormat | None,
    typer.Option("--format", help="How to write the result.", show_default="table, or by --output"),
]
OutputOption = Annotated[Path | None, typer.Option(help="File to write to, instead of standard output.")]
RowsOption = Annotated[int, typer.Option(min=1, help="Rows that a table shows.")]


def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A SELECT; - reads it from standard input.")],
    format_: FormatOption = None,
    output: OutputOption = None,
    rows: RowsOption = 40,
    max_rows: Annotated[int | None, typer.Option(min=0, help="Fail when the result has more rows.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Fail after this many seconds.")] = None,
) -> None:
    """Run a SELECT. `FROM t AT (VERSION => 3)` or `AT (TIMESTAMP => '2026-01-31')` reads an older version."""
    text = sys.stdin.read() if sql == "-" else sql
    _write(
        Session.of(context),
        lambda lake: lake.sql(text, max_rows=max_rows, timeout_seconds=timeout),
        format_,
        output,
        rows,
    )


def changes(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="Name of the table.")],
    after: Annotated[int, typer.Option("--after", min=0, help="Changes after this version; 0: all.")] = 0,
    up_to: Annotated[
        int | None, typer.Option("--up-to", min=0, help="The last version.", show_default="newest")
    ] = None,
    format_: FormatOption = None,
    output: OutputOption = None,
    rows: RowsOption = 40,
) -> None:
    """Show the rows that were inserted, updated and deleted between two versions."""
    _write(Session.of(context), lambda lake: lake.changes(table, after, up_to), format_, output, rows)


def _write(
    session: Session, answer: Callable[[Lake], Result], format_: ResultFormat | None, output: Path | None, rows: int
) -> None:
    chosen = format_ or _default_format(output, session.as_json)
    _require_file_for_binary(chosen, output)
    started = time.perf_counter()
    with session.connect() as lake:
        result = answer(lake)
        with cancelled_on_interrupt(result.cancel), replaced(output) as sink:
            if chosen is ResultFormat.TABLE:
                write_grid(result.batches(), rows, started, sink if output else None)
            else:
                encode(result.batches(), chosen, sink)


def _default_format(output: Path | None, as_json: bool) -> ResultFormat:
    by_suffix = _BY_SUFFIX.get(output.suffix.lower()) if output else None
    return by_suffix or (ResultFormat.JSON if as_json else ResultFormat.TABLE)


def _require_file_for_binary(chosen: ResultFormat, output: Path | None) -> None:
    if chosen in {ResultFormat.PARQUET, ResultFormat.ARROW} and output is None and sys.stdout.isatty():
        raise typer.BadParameter(
            f"{chosen} is binary and a terminal shows text. Name a file, or use a pipe.", param_hint="--output"
        )
