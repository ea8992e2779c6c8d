"""`load`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.terminal import read_options
from supertable.entrypoints.cli.terminal.progress import Progress
from supertable.entrypoints.cli.terminal.session import Session
from supertable.entrypoints.cli.terminal.write_reports import report_write

if TYPE_CHECKING:
    import pyarrow as pa

    from supertable.application.ports.readers import OpenedFiles, ReadOptions
    from supertable.entrypoints.sdk.lake import Lake
    from supertable.entrypoints.sdk.table import Table


class Mode(StrEnum):
    APPEND = "append"
    UPSERT = "upsert"
    OVERWRITE = "overwrite"


def load(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILES", help="Paths, glob patterns, or - for standard input.", show_default=False),
    ],
    into: Annotated[
        str, typer.Option(metavar="TABLE", help="Target table; created if it does not exist.", show_default=False)
    ],
    key: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help="Key column of a new table. Repeatable.")
    ] = None,
    sequence: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column of a new table that orders rows with the same key; the highest wins."
        ),
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="Add rows, replace rows with the same key, or replace all rows.")
    ] = Mode.APPEND,
    evolve: Annotated[bool, typer.Option("--evolve", help="Allow the files to add columns and widen types.")] = False,
    idempotency_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Run at most once: a repeated load with this key writes nothing."),
    ] = None,
    property_: Annotated[
        list[str] | None,
        typer.Option("--property", metavar="NAME=VALUE", help="Property to record in the history. Repeatable."),
    ] = None,
    format_: read_options.FormatOption = None,
    compression: read_options.CompressionOption = None,
    encoding: read_options.EncodingOption = None,
    delimiter: read_options.DelimiterOption = None,
    quote: read_options.QuoteOption = '"',
    escape: read_options.EscapeOption = '"',
    header: read_options.HeaderOption = None,
    skip: read_options.SkipOption = 0,
    null: read_options.NullOption = None,
    all_text: read_options.AllTextOption = False,
    lenient: read_options.LenientOption = False,
    sample_size: read_options.SampleSizeOption = 20_480,
    max_line_size: read_options.MaxLineSizeOption = 8_388_608,
    max_unpacked_size: read_options.MaxUnpackedOption = 274_877_906_944,
) -> None:
    """Load CSV, TSV, JSON, NDJSON, Parquet or Arrow files into a table.

    All files become one version: either all rows are loaded or none. Files may
    be compressed with gzip, zstd or zip. The format and the compression are
    detected from each file's name and content.

    Examples:
      supertable load flights.csv.gz --into flights --key id
      supertable load 'changes-*.ndjson' --into flights --mode upsert
      cat changes.csv | supertable load - --into flights --mode upsert
    """
    session = Session.of(context)
    properties = _properties(property_ or [])
    started = time.perf_counter()
    with session.connect() as lake:
        existing = _existing(lake, into)
        options = read_options.build_read_options(context.params, _types(existing))
        with _opened(lake, files, options, quiet=session.as_json) as (opened, progress):
            if existing is None:
                _check_mode(into, mode, key)
                result = opened.written(
                    lambda rows: lake.create_table_from(
                        into,
                        progress.track(rows),
                        key or (),
                        sequence,
                        idempotency_key=idempotency_key,
                        properties=properties,
                    )
                )
            else:
                _check_keys(existing, key, sequence)
                result = opened.written(
                    lambda rows: lake.write(
                        into,
                        progress.track(rows),
                        mode.value,
                        evolve=evolve,
                        idempotency_key=idempotency_key,
                        properties=properties,
                    )
                )
    report_write(session, result, f"Loaded {result.table}", time.perf_counter() - started)


@contextmanager
def _opened(
    lake: Lake, files: Sequence[str], options: ReadOptions, quiet: bool
) -> Iterator[tuple[OpenedFiles, Progress]]:
    """Open the files, with a progress bar that advances as their rows are read."""
    with Progress(quiet) as progress, lake.container.file_reader().open(files, options) as opened:
        yield opened, progress


def _existing(lake: Lake, name: str) -> Table | None:
    import supertable

    try:
        return lake.table(name)
    except supertable.TableNotFound:
        return None


def _types(table: Table | None) -> dict[str, pa.DataType]:
    return {field.name: field.type for field in table.schema} if table else {}


def _check_keys(table: Table, keys: Sequence[str] | None, sequence: str | None) -> None:
    import supertable

    info = table.info()
    if keys and [key.lower() for key in keys] != [key.lower() for key in info.keys]:
        has = f"the keys {', '.join(info.keys)}" if info.keys else "no keys"
        raise supertable.InvalidInput(f"Table {info.name} has {has}. --key applies to new tables only.")
    if sequence and sequence.lower() != (info.sequence or "").lower():
        has = f"the sequence {info.sequence}" if info.sequence else "no sequence"
        raise supertable.InvalidInput(f"Table {info.name} has {has}. --sequence applies to new tables only.")


def _check_mode(name: str, mode: Mode, keys: Sequence[str] | None) -> None:
    import supertable

    if mode is Mode.UPSERT and not keys:
        raise supertable.InvalidInput(
            f"Table {name} does not exist. To create it by an upsert, give its key columns with --key."
        )


def _properties(given: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for name, sign, _ in pairs:
        if not name or not sign:
            raise typer.BadParameter(f"{name!r} is not NAME=VALUE.", param_hint="--property")
    return {name: value for name, _, value in pairs}
