"""Writing a query's result in a chosen format, to a file or standard output."""

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


def write_result(reader: pa.RecordBatchReader, format_: ResultFormat, sink: BinaryIO) -> None:
    """Encode the whole result into `sink`. `TABLE` is not an encoding; see `write_grid`."""
    from supertable.entrypoints.encoding.results import Encoding, encode_result

    for piece in encode_result(reader, Encoding(format_)):
        sink.writelines(piece)


@contextmanager
def open_output(output: Path | None) -> Iterator[BinaryIO]:
    """Open standard output (None) or a file for writing.

    A file is written under a temporary name and replaces `output` only when the block succeeds. A pipe or a device,
    such as /dev/null, is written in place. Raises `OSError`, which names `output`.
    """
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if output.exists() and not output.is_file():
        with output.open("wb") as sink:
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
