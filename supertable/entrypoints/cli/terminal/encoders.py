"""Results in the format that was asked for, into a file or standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa


class ResultFormat(StrEnum):
    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


def encode(reader: pa.RecordBatchReader, format_: ResultFormat, sink: BinaryIO) -> None:
    """Write the whole result; see `encoded`."""
    from supertable.entrypoints.encoding.results import Encoding, encoded

    for piece in encoded(reader, Encoding(format_)):
        sink.writelines(piece)


@contextmanager
def replaced(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that takes the place of `output` only once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if output.exists() and not output.is_file():
        with output.open("wb") as sink:  # a pipe, or a device such as /dev/null
            yield sink
        return
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as sink:
            yield sink
        partial.replace(output)
    except OSError as error:
        error.filename = str(output) if error.filename == str(partial) else error.filename
        raise
    finally:
        partial.unlink(missing_ok=True)
