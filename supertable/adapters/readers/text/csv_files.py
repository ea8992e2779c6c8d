"""CSV and TSV files. DuckDB finds the cells, all as text; what they mean is decided by the one rule for text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice, repeat

import pyarrow as pa

from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.adapters.readers.text.csv_layouts import CsvLayout, arguments_of, layout_of
from supertable.adapters.readers.text.lenient_rows import LenientRows, csv_reader, without_rejects
from supertable.adapters.readers.text.row_lines import RowLines
from supertable.adapters.readers.text.text_scanner import SqlValue, TextScanner, scanner
from supertable.adapters.readers.values.column_plans import (
    form_of,
    given_plan,
    guessed_plan,
    is_format_open,
    with_format,
)
from supertable.adapters.readers.values.converted_rows import RowConverter
from supertable.adapters.readers.values.guesses import ColumnGuess
from supertable.application.ports.readers import OpenedFiles, ReadOptions, RejectedRow, RejectSink

_ROWS_OF_OTHER_FILES = 1_000


@contextmanager
def open_csv(files: Sequence[PreparedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    with scanner("read_csv", files) as scan:
        csv_files = _CsvFiles([TextScanner(scan.connection, "read_csv", [file]) for file in files], options)
        yield OpenedFiles(
            reader=pa.RecordBatchReader.from_batches(csv_files.schema, csv_files.batches()),
            total_bytes=sum(file.bytes for file in files),
            bytes_read=lambda: csv_files.bytes_read,
            columns=tuple(plan.described() for plan in csv_files.plans),
        )


class _CsvFiles:
    """CSV files with the columns of all of them, and how many of their bytes have been read."""

    def __init__(self, scans: Sequence[TextScanner], options: ReadOptions) -> None:
        self.bytes_read = 0
        self._options = options
        self._files = [_CsvFile(scan, layout_of(scan, options), options) for scan in scans]
        names: dict[str, str] = {}
        for file in self._files:
            for name in file.layout.names:
                names.setdefault(name.lower(), name)
        given = {key: plan for key, name in names.items() if (plan := given_plan(name, options))}
        open_ = [key for key in names if key not in given or is_format_open(given[key].kind, given[key].form)]
        guesses = {key: ColumnGuess(form_of(names[key], options)) for key in open_}
        self._sample(guesses)
        for key in given.keys() & guesses.keys():
            given[key] = with_format(given[key], guesses[key].guess)
        self.plans = [given.get(key) or guessed_plan(name, guesses[key].guess) for key, name in names.items()]
        self.schema = pa.schema([(plan.name, plan.kind) for plan in self.plans])

    def batches(self) -> Iterator[pa.RecordBatch]:
        for file in self._files:
            before = self.bytes_read
            opened = file.read()
            keys = [name.lower() for name in file.layout.names]
            order = [keys.index(plan.name.lower()) if plan.name.lower() in keys else None for plan in self.plans]
            converter = RowConverter(file.layout.file.name, self.plans, self._options, file.place)
            for batch in opened.reader:
                columns = batch.columns
                self.bytes_read = before + opened.bytes_read()
                yield converter.batch([None if i is None else columns[i] for i in order], batch.num_rows)
            self.bytes_read = before + opened.total_bytes

    def _sample(self, guesses: dict[str, ColumnGuess]) -> None:
        """Guess from the first rows of every file, so that a type holds for all of them."""
        wanted = self._options.sample_rows
        for number, file in enumerate(self._files if guesses else ()):
            most = wanted if number == 0 or wanted < 0 else min(wanted, _ROWS_OF_OTHER_FILES)
            for batch in file.sample(most):
                for name, column in zip(file.layout.names, batch.columns, strict=True):
                    if guess := guesses.get(name.lower()):
                        guess.add(column)


@dataclass(slots=True)
class _CsvFile:
    scan: TextScanner
    layout: CsvLayout
    options: ReadOptions
    lines: RowLines = field(init=False)

    def __post_init__(self) -> None:
        self.lines = RowLines(self._row_lines)

    def read(self) -> OpenedFiles:
        """All rows. Those that are no rows of CSV are rejected if the options say so."""
        if self.options.lenient:
            size = self.layout.file.bytes
            rows = self._lenient(self.options)
            reader = pa.RecordBatchReader.from_batches(rows.schema, rows.batches(self.layout.has_header))
            return OpenedFiles(reader, size, lambda: size)
        if self.options.rejects is None:
            return self.scan.read(self._arguments())
        opened = self.scan.read(self._arguments() | {"store_rejects": True})
        rows = pa.RecordBatchReader.from_batches(opened.reader.schema, self._rejecting(opened, self.options.rejects))
        return replace(opened, reader=rows)

    def sample(self, rows: int) -> Iterator[pa.RecordBatch]:
        """The first rows, -1: all."""
        if self.options.lenient:
            lenient = self._lenient(without_rejects(self.options))
            yield from _first_rows(lenient.batches(self.layout.has_header), rows)
        elif rows < 0:
            yield from self.scan.read(self._arguments()).reader
        else:
            yield from self.scan.rows(self._arguments(), rows).to_batches()

    def place(self, row: int) -> str:
        return f"line {self.lines.line_of(row)}" if len(self.layout.delimiter) == 1 else f"row {row + 1:,}"

    def _lenient(self, options: ReadOptions) -> LenientRows:
        layout = self.layout
        return LenientRows(layout.file, layout.delimiter, len(layout.names), layout.skipped_lines, options)

    def _arguments(self) -> dict[str, SqlValue]:
        layout = self.layout
        return arguments_of(self.options, layout.delimiter, len(layout.names), layout.skipped_lines, layout.has_header)

    def _rejecting(self, opened: OpenedFiles, rejects: RejectSink) -> Iterator[pa.RecordBatch]:
        yield from opened.reader
        for line, text, reason in self.scan.rejected():
            rejects.add(RejectedRow(self.layout.file.name, f"line {line}", "", text, reason))

    def _row_lines(self) -> Iterator[int]:
        """The lines on which rows begin, counted from 1: rows may span lines, and blank lines are no rows."""
        layout = self.layout
        with layout.file.path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
            rows = csv_reader(islice(text, layout.skipped_lines, None), layout.delimiter, self.options)
            line, is_header = layout.skipped_lines + 1, layout.has_header
            for cells in rows:
                if self._is_row(cells):
                    if not is_header:
                        yield line
                    is_header = False
                line = layout.skipped_lines + rows.line_num + 1
        yield from repeat(line)

    def _is_row(self, cells: Sequence[str]) -> bool:
        width = len(self.layout.names)
        if self.options.lenient:
            return len(cells) <= width and (bool(cells) or width == 1)
        is_blank_cell = not cells and width == 1
        return is_blank_cell or len(cells) == width or bool(cells and self.options.rejects is None)


def _first_rows(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The first rows, -1: all."""
    left = sys.maxsize if rows < 0 else rows
    for batch in batches:
        yield batch[:left]
        left -= batch.num_rows
        if left <= 0:
            return
