"""`load`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from supertable.entrypoints.cli.rows.load_reports import report_load, report_preview
from supertable.entrypoints.cli.tables.arguments import PartitionOption, SortOption
from supertable.entrypoints.cli.terminal import read_options
from supertable.entrypoints.cli.terminal.progress import Progress
from supertable.entrypoints.cli.terminal.session import Session


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
    partition_by: PartitionOption = None,
    sort_by: SortOption = None,
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
    columns: read_options.ColumnsOption = None,
    skip: read_options.SkipOption = 0,
    type_: read_options.TypeOption = None,
    date_format: read_options.DateFormatOption = None,
    decimal: read_options.DecimalOption = ".",
    timezone: read_options.TimezoneOption = "",
    null: read_options.NullOption = None,
    all_text: read_options.AllTextOption = False,
    lenient: read_options.LenientOption = False,
    sample_size: read_options.SampleSizeOption = 20_480,
    max_line_size: read_options.MaxLineSizeOption = 8_388_608,
    max_unpacked_size: read_options.MaxUnpackedOption = 274_877_906_944,
    on_error: read_options.OnErrorOption = read_options.OnError.STOP,
    rejects: read_options.RejectsOption = None,
    dry_run: read_options.DryRunOption = False,
) -> None:
    """Load CSV, TSV, JSON, NDJSON, Parquet or Arrow files into a table.

    All files become one version: either all rows are loaded or none. Files may
    be compressed with gzip, zstd or zip. The format and the compression are
    detected from each file's name and content. No value is changed: what a
    column cannot hold exactly stops the load, or see --on-error.

    Examples:
      supertable load flights.csv.gz --into flights --key id
      supertable load 'changes-*.ndjson' --into flights --mode upsert
      supertable load orders.csv --into orders --type zip=string --dry-run
      cat changes.csv | supertable load - --into flights --mode upsert
    """
    session = Session.of(context)
    properties = _properties(property_ or [])
    started = time.perf_counter()
    options = read_options.build_read_options(context.params)
    if on_error is read_options.OnError.REJECTS and rejects is None:
        rejects = f"{into}-rejects.ndjson"
    with session.connect() as lake:
        if dry_run:
            report_preview(session, into, lake.preview(files, into, timezone=timezone, **options))
            return
        with Progress(session.as_json) as progress:
            loaded = lake.load(
                files,
                into,
                mode=mode.value,
                keys=key or (),
                sequence=sequence,
                partition_by=partition_by or (),
                sort_by=sort_by or (),
                evolve=evolve,
                timezone=timezone,
                on_error=on_error.value,
                rejects=rejects,
                idempotency_key=idempotency_key,
                properties=properties,
                watch=progress.track,
                **options,
            )
    report_load(session, loaded, time.perf_counter() - started, rejects)


def _properties(given: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for name, sign, _ in pairs:
        if not name or not sign:
            raise typer.BadParameter(f"{name!r} is not NAME=VALUE.", param_hint="--property")
    return {name: value for name, _, value in pairs}
