"""`load`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from supertable.entrypoints.cli.terminal import read_options as reading
from supertable.entrypoints.cli.terminal.progress import Progress
from supertable.entrypoints.cli.terminal.session import Session
from supertable.entrypoints.cli.terminal.write_reports import write_report

if TYPE_CHECKING:
    import pyarrow as pa

    from supertable.application.ports.readers import ReadOptions
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
        typer.Argument(metavar="FILES", help="Paths, patterns, or - for standard input.", show_default=False),
    ],
    into: Annotated[str, typer.Option(metavar="TABLE", help="The table; made if it is not there.", show_default=False)],
    key: Annotated[list[str] | None, typer.Option(help="Key column of a new table. Repeatable.")] = None,
    sequence: Annotated[str | None, typer.Option(help="Column of a new table that says which row is newer.")] = None,
    mode: Annotated[Mode, typer.Option(help="What to do with the rows that are there.")] = Mode.APPEND,
    evolve: Annotated[bool, typer.Option("--evolve", help="Add new columns and widen types.")] = False,
    idempotency_key: Annotated[str | None, typer.Option(help="A repeated load with this key does nothing.")] = None,
    property_: Annotated[
        list[str] | None, typer.Option("--property", metavar="NAME=VALUE", help="Kept in the history. Repeatable.")
    ] = None,
    format_: reading.FormatOption = None,
    compression: reading.CompressionOption = None,
    encoding: reading.EncodingOption = None,
    delimiter: reading.DelimiterOption = None,
    quote: reading.QuoteOption = '"',
    escape: reading.EscapeOption = '"',
    header: reading.HeaderOption = None,
    skip: reading.SkipOption = 0,
    null: reading.NullOption = None,
    all_text: reading.AllTextOption = False,
    lenient: reading.LenientOption = False,
    sample_size: reading.SampleSizeOption = 20_480,
    max_line_size: reading.MaxLineSizeOption = 8_388_608,
    max_unpacked_size: reading.MaxUnpackedOption = 274_877_906_944,
) -> None:
    """Load CSV, TSV, JSON, NDJSON, Parquet or Arrow files, plain or packed by gzip, zstd or zip, as one
    version.
    """
    session = Session.of(context)
    properties = _properties(property_ or [])
    started = time.perf_counter()
    with session.connect() as lake:
        there = _existing(lake, into)
        options = reading.reading_options(context.params, _types(there))
        with _opened(lake, files, options, quiet=session.as_json) as reader:
            if there is None:
                _check_mode(into, mode, key)
                result = lake.create_table_from(
                    into, reader, key or (), sequence, idempotency_key=idempotency_key, properties=properties
                )
            else:
                _check_keys(there, key, sequence)
                result = lake.write(
                    into, reader, mode.value, evolve=evolve, idempotency_key=idempotency_key, properties=properties
                )
    write_report(session, result, f"Loaded {result.table}", time.perf_counter() - started)


@contextmanager
def _opened(lake: Lake, files: Sequence[str], options: ReadOptions, quiet: bool) -> Iterator[pa.RecordBatchReader]:
    """The files' rows, with a progress bar that moves as they are taken."""
    with Progress(quiet) as progress, lake.container.file_reader().open(files, options) as opened:
        yield progress.followed(opened)


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
        raise supertable.InvalidInput(f"Table {info.name} has {has}; --key is for new tables.")
    if sequence and sequence.lower() != (info.sequence or "").lower():
        has = f"the sequence {info.sequence}" if info.sequence else "no sequence"
        raise supertable.InvalidInput(f"Table {info.name} has {has}; --sequence is for new tables.")


def _check_mode(name: str, mode: Mode, keys: Sequence[str] | None) -> None:
    import supertable

    if mode is Mode.UPSERT and not keys:
        raise supertable.InvalidInput(f"There is no table {name} yet: to upsert into a new one, name its --key.")


def _properties(given: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for name, sign, _ in pairs:
        if not name or not sign:
            raise typer.BadParameter(f"{name!r} is not NAME=VALUE.", param_hint="--property")
    return {name: value for name, _, value in pairs}
