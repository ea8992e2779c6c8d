"""Rows of CSV that breaks the rules: short rows, mixed line ends and stray quotes. No character of a cell is lost.

DuckDB drops the text after a closing quote, so Python's reader is used, which keeps it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import pyarrow as pa

from supertable.adapters.readers import command_line_hints as hints
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.application.ports.readers import ReadOptions, RejectedRow
from supertable.domain.errors import UnreadableInput

_BATCH_ROWS = 10_000


class _NoRejects:
    def begin(self) -> None: ...

    def add(self, row: RejectedRow) -> None: ...


def without_rejects(options: ReadOptions) -> ReadOptions:
    """The options for reading a sample: what is rejected is told when all rows are read."""
    return options if options.rejects is None else replace(options, rejects=_NoRejects())


class LenientRows:
    """The rows of one file, from a line on. `width`: the number of columns."""

    def __init__(self, file: PreparedFile, delimiter: str, width: int, skipped: int, options: ReadOptions) -> None:
        self._file = file
        self._delimiter = delimiter
        self._width = width
        self._skipped = skipped
        self._options = options
        self._nulls = {"", *options.null_strings}
        self.schema = pa.schema([(f"column{i}", pa.string()) for i in range(width)])

    def batches(self, has_header: bool) -> Iterator[pa.RecordBatch]:
        """All cells as text. Raises `UnreadableInput` for a row with too many columns that is not rejected."""
        rows = islice(self._rows(), int(has_header), None)
        while part := list(islice(rows, _BATCH_ROWS)):
            columns = [pa.array(column, pa.string()) for column in zip(*part, strict=True)]
            yield pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _rows(self) -> Iterator[Sequence[str | None]]:
        try:
            with self._file.path.open(encoding="utf-8-sig", newline="") as text:
                yield from self._padded(text)
        except UnicodeDecodeError as error:
            raise UnreadableInput(self._file.name, f"it is not UTF-8. {hints.ENCODING}") from error
        except csv.Error as error:
            raise UnreadableInput(self._file.name, f"it does not look like CSV: {error}.") from error

    def _padded(self, text: Iterator[str]) -> Iterator[Sequence[str | None]]:
        reader = csv_reader(islice(text, self._skipped, None), self._delimiter, self._options)
        start = 1
        for cells in reader:
            line, start = self._skipped + start, reader.line_num + 1
            if len(cells) > self._width:
                self._reject(line, len(cells))
            elif cells or self._width == 1:
                nulls = [None] * (self._width - len(cells))
                yield [None if cell in self._nulls else cell for cell in cells] + nulls

    def _reject(self, line: int, width: int) -> None:
        reason = f"{width} columns found, {self._width} expected"
        if self._options.rejects is None:
            raise UnreadableInput(
                self._file.name,
                f"line {line}: {reason}. What is too much would be lost. Correct the line. {hints.SET_ASIDE}",
            )
        self._options.rejects.add(RejectedRow(self._file.name, f"line {line}", "", "", reason))


def csv_reader(lines: Iterator[str], delimiter: str, options: ReadOptions) -> Any:
    """Python's reader of CSV, by the options."""
    csv.field_size_limit(max(csv.field_size_limit(), options.max_line_bytes))
    is_doubled = options.escape in ("", options.quote)
    return csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=options.quote or None,
        quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
        doublequote=is_doubled,
        escapechar=None if is_doubled else options.escape,
    )
