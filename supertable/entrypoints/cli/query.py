"""`query`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from supertable.entrypoints.cli.encoders import ResultFormat, encode, replaced
from supertable.entrypoints.cli.grid import write_grid
from supertable.entrypoints.cli.interruption import cancelled_on_interrupt
from supertable.entrypoints.cli.session import Session

_BY_SUFFIX = {
    ".json": ResultFormat.JSON,
    ".ndjson": ResultFormat.NDJSON,
    ".jsonl": ResultFormat.NDJSON,
    ".csv": ResultFormat.CSV,
    ".parquet": ResultFormat.PARQUET,
    ".arrow": ResultFormat.ARROW,
    ".arrows": ResultFormat.ARROW,
}


def query(
    context: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A SELECT; - reads it from standard input.")],
    format_: Annotated[
        ResultFormat | None,
        typer.Option("--format", help="How to write the result.", show_default="table, or by --output"),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="File to write to, instead of standard output.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows that a table shows.")] = 40,
    max_rows: Annotated[int | None, typer.Option(min=0, help="Fail when the result has more rows.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Fail after this many seconds.")] = None,
) -> None:
    """Run a SELECT. `FROM t AT (VERSION => 3)` or `AT (TIMESTAMP => '2026-01-31')` reads an older version."""
    session = Session.of(context)
    chosen = format_ or _default_format(output, session.as_json)
    _require_file_for_binary(chosen, output)
    text = sys.stdin.read() if sql == "-" else sql
    started = time.perf_counter()
    with session.connect() as lake:
        result = lake.sql(text, max_rows=max_rows, timeout_seconds=timeout)
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
