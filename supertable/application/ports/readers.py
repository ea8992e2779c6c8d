"""Readers of input files, as streams of Arrow record batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import pyarrow as pa

from supertable.domain.errors import InferredTypeMisfit, InvalidInput
from supertable.domain.schema.schemas import Schema

Written = TypeVar("Written")
FORMATS = ("csv", "tsv", "json", "ndjson", "parquet", "arrow")
COMPRESSIONS = ("none", "gzip", "zstd", "zip")


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that was left out. `place`: its line or row. `column`, `value`: where a value is the reason, else empty."""

    source: str
    place: str
    column: str
    value: str
    reason: str


class RejectSink(Protocol):
    def begin(self) -> None:
        """The files are read from their start: forget the rows so far."""

    def add(self, row: RejectedRow) -> None: ...


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read files. None: detect from the file.

    `format` is one of FORMATS, `compression` one of COMPRESSIONS. `max_unpacked_bytes` bounds what is unpacked to disk.
    `name`: what errors call the only source, if its path means nothing to the caller (an upload).

    The rest is for text. `types`: known column types, by case-insensitive name; names that the file lacks are ignored.
    `as_text`: columns, by name in lower case, that take any JSON value as its text: a number as it is written.
    `sample_rows`: how many rows types are inferred from, -1: all. `skip_lines`: how many lines precede the header.
    `lenient`: pad short rows with nulls, accept mixed line ends and stray quotes. `all_text`: infer no types.
    `null_strings`: values that mean null besides the empty string. `encoding`: a name that Python knows.
    `column_names`: names for the columns of CSV, in order, in place of the file's own. `date_formats`: formats of dates
    as in `strptime`, by column; that of the empty name is for all others. `decimal_mark`: of numbers in CSV.
    `timezone`: of timestamps without an offset, for columns with a zone; empty: UTC.
    `rejects`: receives the rows that do not fit, which are then left out; None: such a row is an error.

    `columns`: the columns of the target table, for rows sent by a client. JSON is then read strictly: the keys of its
    objects must be exact column names. Binary values are base64 in every text format. `same_columns`: all rows must
    have the same columns.
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
    as_text: frozenset[str] = frozenset()
    column_names: tuple[str, ...] = ()
    date_formats: Mapping[str, str] = field(default_factory=dict)
    decimal_mark: str = "."
    timezone: str = ""
    rejects: RejectSink | None = None
    max_line_bytes: int = 8 * 1024 * 1024
    max_unpacked_bytes: int = 256 * 1024**3
    name: str | None = None
    columns: Schema | None = None
    same_columns: bool = False


@dataclass(frozen=True, slots=True)
class ReadColumn:
    """A column as it is read from text. `date_format`: empty for ISO 8601. `note`: what a person should know."""

    name: str
    type: pa.DataType
    is_inferred: bool = False
    date_format: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class OpenedFiles:
    """The rows of one or more files, in the order given. `reader` may raise `UnreadableInput` while it is read.

    `total_bytes`: the size of the files, unpacked. `bytes_read()`: roughly how many of these have been read so far.
    `columns`: how they are read, for text. `inferred_anew()`: the same files from their start, with types inferred
    from every row; None: it would change nothing.
    """

    reader: pa.RecordBatchReader
    total_bytes: int
    bytes_read: Callable[[], int]
    columns: tuple[ReadColumn, ...] = ()
    inferred_anew: Callable[[], OpenedFiles] | None = None

    def written(self, write: Callable[[OpenedFiles], Written]) -> Written:
        """What `write` returns for these files, or for the same `inferred_anew` after an `InferredTypeMisfit`."""
        try:
            return write(self)
        except InferredTypeMisfit:
            if self.inferred_anew is None:
                raise
        return write(self.inferred_anew())


@dataclass(frozen=True, slots=True, eq=False)
class RowsOfTexts:
    """The rows of several texts, one after the other. `counts`: for each text how many rows are its own, or its error.

    None: the text is not read, because its rows have other columns than those of the texts before it.
    """

    rows: pa.Table
    counts: Sequence[int | InvalidInput | None]


class TextValues(Protocol):
    def __call__(self, texts: pa.StringArray, kind: pa.DataType) -> pa.Array:
        """The values that the texts stand for. Raises `pa.ArrowInvalid` where one of them is not exactly a `kind`."""


class FileReader(Protocol):
    def open(self, sources: Sequence[str], options: ReadOptions | None = None) -> AbstractContextManager[OpenedFiles]:
        """Open files of one format: paths, glob patterns (sorted), or `-` for standard input.

        Columns are matched by name; a column that a file lacks is null there. Memory is bounded, whatever the size of
        the files. Compressed files are first unpacked to a temporary folder. Raises `UnreadableInput`, and other
        kinds of `InvalidInput` for JSON that does not fit `options.columns`.
        """

    def rows(self, text: bytes, options: ReadOptions) -> pa.Table:
        """All rows of a JSON or NDJSON text in memory, by `options.columns`. Raises `InvalidInput` and its kinds."""

    def rows_of_texts(self, texts: Sequence[bytes], options: ReadOptions) -> RowsOfTexts | None:
        """The rows of several texts, each as `rows` reads it alone. None: they can only be read one by one."""
