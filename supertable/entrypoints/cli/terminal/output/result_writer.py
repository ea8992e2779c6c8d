"""Writing a query's result in a chosen format, to a file or standard output."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    import pyarrow as pa


class ResultFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    ARROW = "arrow"


_BINARY = frozenset({ResultFormat.PARQUET, ResultFormat.ARROW})


def chosen_format(format_: ResultFormat | None, output: Path | None, as_json: bool) -> ResultFormat | None:
    """The format to write in; None: that of the file's suffix.

    Raises `BadParameter` for a binary format on a terminal, and `InvalidInput` for a file whose suffix names no format.
    """
    if format_ is None and output is not None:
        from supertable.entrypoints.encoding.output_files import require_encoding

        require_encoding(output)
        return None
    chosen = format_ or (ResultFormat.JSON if as_json else ResultFormat.TABLE)
    if chosen in _BINARY and output is None and sys.stdout.isatty():
        raise typer.BadParameter(
            f"{chosen} is binary and cannot be shown on a terminal. Write it to a file with --output, or use a pipe.",
            param_hint="--output",
        )
    return chosen


def write_result(reader: pa.RecordBatchReader, format_: ResultFormat | None, output: Path | None) -> None:
    """Write all rows. `format_`: None: that of the file's suffix. `TABLE` is not an encoding; see `write_grid`."""
    from supertable.entrypoints.encoding.output_files import (
        encoding_by_name,
        open_output,
        require_encoding,
        write_encoded,
        write_file,
    )
    from supertable.entrypoints.encoding.results import Encoding

    if output is None:
        assert format_ is not None
        with open_output(None) as sink:
            write_encoded(reader, Encoding(format_), sink)
        return
    encoding = require_encoding(output) if format_ is None else Encoding(format_)
    if encoding is Encoding.ARROW and encoding_by_name(output) is Encoding.ARROW_FILE:
        encoding = Encoding.ARROW_FILE
    write_file(reader, output, encoding)
