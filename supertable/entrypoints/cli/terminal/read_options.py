"""The options that control how files are read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supertable.entrypoints.cli.terminal.name_value_pairs import parse_name_values

if TYPE_CHECKING:
    from supertable.application.ddl.load_options import LoadOptions


class OnError(StrEnum):
    STOP = "stop"
    SKIP = "skip"
    REJECTS = "rejects"


class FileFormat(StrEnum):
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    ARROW = "arrow"


class Compression(StrEnum):
    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"
    ZIP = "zip"


_PANEL = "Reading files"


def _option(*names: str, help: str, **more: Any) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=_PANEL, **more)


FormatOption = Annotated[FileFormat | None, _option("--format", help="File format.", show_default="detected")]
CompressionOption = Annotated[
    Compression | None, _option("--compression", help="Compression.", show_default="detected")
]
EncodingOption = Annotated[
    str | None,
    _option("--encoding", metavar="NAME", help="Text encoding, such as latin-1 or utf-16.", show_default="detected"),
]
DelimiterOption = Annotated[
    str | None,
    _option("--delimiter", metavar="CHARACTER", help="Column separator of CSV; \\t is a tab.", show_default="detected"),
]
QuoteOption = Annotated[str, _option("--quote", metavar="CHARACTER", help="Quote character; '' for none.")]
EscapeOption = Annotated[
    str, _option("--escape", metavar="CHARACTER", help="Character that escapes a quote inside quotes.")
]
HeaderOption = Annotated[
    bool | None,
    _option("--header/--no-header", help="Whether the first line holds column names.", show_default="detected"),
]
ColumnsOption = Annotated[
    str | None, _option("--columns", metavar="NAMES", help="Names for the columns of CSV, separated by commas.")
]
TypeOption = Annotated[
    list[str] | None,
    _option("--type", metavar="COLUMN=TYPE", help="Type of a column, such as zip=string. Repeatable."),
]
DateFormatOption = Annotated[
    list[str] | None,
    _option(
        "--date-format",
        metavar="[COLUMN=]FORMAT",
        help="Format of dates, such as %d/%m/%Y, of all columns or of one. Repeatable.",
    ),
]
TimezoneOption = Annotated[
    str,
    _option(
        "--timezone", metavar="ZONE", help="Zone of timestamps without one, like Europe/Berlin.", show_default="UTC"
    ),
]
DecimalOption = Annotated[str, _option("--decimal", metavar="CHARACTER", help="Decimal mark of numbers in CSV: . or ,")]
OnErrorOption = Annotated[
    OnError,
    _option("--on-error", help="What to do with rows that do not fit: stop, skip them, or write them to --rejects."),
]
RejectsOption = Annotated[
    str | None,
    _option("--rejects", metavar="FILE", help="File for rejected rows.", show_default="TABLE-rejects.ndjson"),
]
DryRunOption = Annotated[bool, _option("--dry-run", help="Only show the types and the first rows; write nothing.")]
SkipOption = Annotated[int, _option("--skip", metavar="COUNT", min=0, help="Lines to skip at the start of each file.")]
NullOption = Annotated[
    list[str] | None, _option("--null", metavar="TEXT", help="Read this text as null, such as NA. Repeatable.")
]
AllTextOption = Annotated[bool, _option("--all-text", help="Read every column as text.")]
LenientOption = Annotated[bool, _option("--lenient", help="Accept short rows, mixed line endings and stray quotes.")]
SampleSizeOption = Annotated[
    int, _option("--sample-size", metavar="COUNT", help="Number of rows to infer types from; -1 for all.")
]
MaxLineSizeOption = Annotated[
    int, _option("--max-line-size", metavar="BYTES", min=1, help="Maximum bytes of one line or JSON object.")
]
MaxUnpackedOption = Annotated[
    int,
    _option(
        "--max-unpacked-size", metavar="BYTES", min=1, help="Maximum bytes that all compressed files may unpack to."
    ),
]


def build_read_options(given: dict[str, Any]) -> LoadOptions:
    """Options of `Lake.load` from the command's parameters, by name."""
    return {
        "format": given["format_"],
        "compression": given["compression"],
        "encoding": given["encoding"],
        "delimiter": _unescaped(given["delimiter"]),
        "quote": given["quote"],
        "escape": given["escape"],
        "header": given["header"],
        "columns": given["columns"].split(",") if given["columns"] else (),
        "skip_lines": given["skip"],
        "types": parse_name_values(given["type_"] or (), "--type"),
        "date_format": _date_formats(given["date_format"] or ()),
        "decimal": given["decimal"],
        "null": tuple(given["null"] or ()),
        "all_text": given["all_text"],
        "lenient": given["lenient"],
        "sample_size": given["sample_size"],
        "max_line_bytes": given["max_line_size"],
        "max_unpacked_bytes": given["max_unpacked_size"],
    }


def _date_formats(given: Iterable[str]) -> dict[str, str]:
    """Formats by column; that of the empty name is for all others."""
    formats = {}
    for text in given:
        column, equals, date_format = text.rpartition("=")
        formats[column if equals else ""] = date_format
    return formats


def _unescaped(delimiter: str | None) -> str | None:
    if delimiter is None or not delimiter.startswith("\\"):
        return delimiter
    try:
        return str(json.loads(f'"{delimiter}"'))
    except ValueError:
        return delimiter
