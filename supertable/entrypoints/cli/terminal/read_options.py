"""The options that control how files are read."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pyarrow as pa

    from supertable.application.ports.readers import ReadOptions


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


def build_read_options(given: dict[str, Any], types: dict[str, pa.DataType]) -> ReadOptions:
    """Read options from the command's parameters, by name. `types`: column types that are not inferred, by name."""
    from supertable.application.ports.readers import ReadOptions

    return ReadOptions(
        format=given["format_"],
        compression=given["compression"],
        encoding=given["encoding"],
        delimiter=_unescaped(given["delimiter"]),
        quote=given["quote"],
        escape=given["escape"],
        header=given["header"],
        skip_lines=given["skip"],
        null_strings=tuple(given["null"] or ()),
        all_text=given["all_text"],
        lenient=given["lenient"],
        sample_rows=given["sample_size"],
        types=types,
        max_line_bytes=given["max_line_size"],
        max_unpacked_bytes=given["max_unpacked_size"],
    )


def _unescaped(delimiter: str | None) -> str | None:
    if delimiter is None or not delimiter.startswith("\\"):
        return delimiter
    try:
        return str(json.loads(f'"{delimiter}"'))
    except ValueError:
        return delimiter
