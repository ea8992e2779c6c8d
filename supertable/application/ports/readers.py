"""Files given for loading, read as Arrow record batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from supertable.domain.schema.schemas import Schema

FORMATS = ("csv", "tsv", "json", "ndjson", "parquet", "arrow")
COMPRESSIONS = ("none", "gzip", "zstd", "zip")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read; None means: find out from the file.

    `format` is one of FORMATS, `compression` one of COMPRESSIONS. The rest is for text: `types` holds what is
    known of columns beforehand, by name without case (names that the file lacks are ignored); `sample_rows`
    is how many rows types are inferred from, -1 for all; `skip_lines` come before the header; `lenient` pads
    short rows with nulls and takes mixed line ends and stray quotes; `all_text` infers no types.
    `null_strings` stand for null beside the empty one. `encoding` is a name that Python knows.
    `max_unpacked_bytes` bounds what is unpacked to disk. `name`: what errors call the one source, which then is
    nobody's own file.

    `columns`: those of a table, for rows that come from somewhere else: JSON is read strictly by them, its objects'
    keys being their exact names, and binary values are base64 in all text. `same_columns`: all rows have the same.
    """

    format: str | None = None
    compression: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str = '"'
    escape: str = '"'
    header: bool | None = None
    skip_lines: int = 0
    null_strings: tuple[str, ...] = ()
    all_text: bool = False
    lenient: bool = False
    sample_rows: int = 20_480
    types: Mapping[str, pa.DataType] = field(default_factory=dict)
    max_line_bytes: int = 8 * 1024 * 1024
    max_unpacked_bytes: int = 256 * 1024**3
    name: str | None = None
    columns: Schema | None = None
    same_columns: bool = False


@dataclass(frozen=True, slots=True)
class OpenedFiles:
    """Rows of one or more files, in the order given. `reader` may raise `UnreadableInput` while it is read.

    `total_bytes` counts the files unpacked; `bytes_read()` is about how many of them have been read so far.
    """

    reader: pa.RecordBatchReader
    total_bytes: int
    bytes_read: Callable[[], int]


class FileReader(Protocol):
    def open(self, sources: Sequence[str], options: ReadOptions | None = None) -> AbstractContextManager[OpenedFiles]:
        """Open files of one format: paths, glob patterns (sorted), or `-` for standard input.

        Columns are matched by name; one that a file lacks is null there. Memory is bounded whatever the size
        of the files; what is compressed is unpacked to a temporary folder first. Raises `UnreadableInput`, and for
        JSON that does not fit `columns` other kinds of `InvalidInput`.
        """

    def rows(self, text: bytes, options: ReadOptions) -> pa.Table:
        """All rows of a JSON or NDJSON text in memory, by `options.columns`. Raises `InvalidInput` and its kinds."""
