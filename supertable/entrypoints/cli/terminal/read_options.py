"""The options that say how files are read, and reading with them."""

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


FormatOption = Annotated[FileFormat | None, _option("--format", help="Format, if it cannot be told from the file.")]
CompressionOption = Annotated[Compression | None, _option("--compression", help="How the files are compressed.")]
EncodingOption = Annotated[str | None, _option("--encoding", help="Encoding of text, such as latin-1 or utf-16.")]
DelimiterOption = Annotated[str | None, _option("--delimiter", help="What separates columns; \\t is a tab.")]
QuoteOption = Annotated[str, _option("--quote", help="What quotes a value; empty for nothing.")]
EscapeOption = Annotated[str, _option("--escape", help="What stands before a quote inside quotes.")]
HeaderOption = Annotated[bool | None, _option("--header/--no-header", help="Whether the first line names the columns.")]
SkipOption = Annotated[int, _option("--skip", min=0, help="Lines to skip before the header.")]
NullOption = Annotated[list[str] | None, _option("--null", help="A text that means null, such as NA. Repeatable.")]
AllTextOption = Annotated[bool, _option("--all-text", help="Read every column as text.")]
LenientOption = Annotated[bool, _option("--lenient", help="Take short rows, mixed line ends and stray quotes.")]
SampleSizeOption = Annotated[int, _option("--sample-size", help="Rows to infer types from; -1 for all.")]
MaxLineSizeOption = Annotated[int, _option("--max-line-size", min=1, help="Longest line or object, in bytes.")]
MaxUnpackedOption = Annotated[
    int, _option("--max-unpacked-size", min=1, help="Most bytes that compressed files may unpack to.")
]


def reading_options(given: dict[str, Any], types: dict[str, pa.DataType]) -> ReadOptions:
    """The command's parameters, by name, as reading options."""
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
