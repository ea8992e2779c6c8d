"""JSON files: an array of objects, consecutive objects, or one object to a line (NDJSON).

Types that are not given are guessed. Where all columns hold plain values, DuckDB finds the keys, and the values are
converted a column at a time. Rows with nested columns, decimals or values of several kinds are decoded from the file's
own text, and so are all rows once a value does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

import pyarrow as pa

from supertable.adapters.readers.json.json_guesses import ANY_JSON, JsonGuess
from supertable.adapters.readers.json.json_texts import from_json
from supertable.adapters.readers.json.typed_json import RowFile, opened_rows
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.adapters.readers.text.text_scanner import SqlValue, TextScanner, first_bytes, scanner
from supertable.adapters.readers.values.column_plans import form_of, given_kind, is_format_open
from supertable.adapters.readers.values.converted_rows import ColumnPlan, RowConverter
from supertable.adapters.readers.values.exact_values import TextForm
from supertable.application.ports.readers import OpenedFiles, ReadColumn, ReadOptions
from supertable.application.storage.arrow.arrow_schemas import arrow_type, data_type
from supertable.domain.errors import InferredTypeMisfit, UnreadableInput
from supertable.domain.schema.schemas import UNASSIGNED, Schema
from supertable.domain.schema.types import DataType, Field

_ROWS_OF_OTHER_FILES = 1_000
_EVERY_KEY: dict[str, SqlValue] = {"map_inference_threshold": -1, "field_appearance_threshold": 0}


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    type: DataType
    form: TextForm
    is_guess: bool
    note: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether DuckDB's own text of a value shows what it is."""
        return not self.type.fields and self.type.name not in ("decimal", "binary") and self.type.unit != "json"

    def described(self) -> ReadColumn:
        return ReadColumn(self.name, arrow_type(self.type), self.is_guess, self.form.dates, self.note)


@contextmanager
def open_json(files: Sequence[PreparedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    """With `sample_rows` of -1, or if rows may be rejected, every row is decoded from the file's own text."""
    if options.rejects is not None:
        options = replace(options, sample_rows=-1)
    with scanner("read_json", files) as scan, ExitStack() as stack:
        json_files = _JsonFiles([TextScanner(scan.connection, "read_json", [file]) for file in files], options)
        columns = tuple(column.described() for column in json_files.columns)
        if options.sample_rows >= 0 and all(column.is_plain for column in json_files.columns):
            reader = pa.RecordBatchReader.from_batches(json_files.schema, json_files.batches())
            total = sum(file.bytes for file in files)
            yield OpenedFiles(reader, total, lambda: json_files.bytes_read, columns)
        else:
            rows = replace(options, columns=json_files.row_schema, name=None)
            row_files = [RowFile(file, in_lines=file.format == "ndjson") for file in files]
            opened = stack.enter_context(opened_rows(row_files, rows, json_files.dates))
            reader = pa.RecordBatchReader.from_batches(opened.reader.schema, _misfits_told(opened.reader, options))
            yield replace(opened, reader=reader, columns=columns)


def _misfits_told(reader: pa.RecordBatchReader, options: ReadOptions) -> Iterator[pa.RecordBatch]:
    """The batches. A misfit may be one of what was guessed from some of the rows."""
    try:
        yield from reader
    except UnreadableInput as error:
        if options.sample_rows < 0:
            raise
        raise InferredTypeMisfit(error.source, error.reason) from error


class _JsonFiles:
    """JSON files with the columns of all of them, and how many of their bytes have been read."""

    def __init__(self, scans: Sequence[TextScanner], options: ReadOptions) -> None:
        self.bytes_read = 0
        self._options = options
        self._files = [_JsonFile(scan, options) for scan in scans]
        for scan in scans:
            _require_one_layout(scan.files[0], scans[0].files[0])
        names = list(dict.fromkeys(name for file in self._files for name in file.names))
        given = {name: kind for name in names if (kind := given_kind(name, options)) is not None}
        known = {name: _given(name, kind, options) for name, kind in given.items()}
        open_ = [name for name in names if name not in known or is_format_open(given[name], known[name].form)]
        guesses = {name: JsonGuess(form_of(name, options)) for name in open_}
        self._sample(guesses)
        for name in known.keys() & guesses.keys():
            known[name] = replace(known[name], form=guesses[name].form)
        self.columns = [known.get(name) or _guessed(name, guesses[name]) for name in names]
        self.schema = pa.schema([(column.name, arrow_type(column.type)) for column in self.columns])

    @property
    def row_schema(self) -> Schema:
        fields = tuple(Field(UNASSIGNED, column.name, column.type) for column in self.columns)
        return Schema(0, fields, UNASSIGNED)

    @property
    def dates(self) -> Mapping[str, TextForm]:
        return {column.name: column.form for column in self.columns if column.form.dates}

    def batches(self) -> Iterator[pa.RecordBatch]:
        plans = [ColumnPlan(column.name, arrow_type(column.type), column.form, True) for column in self.columns]
        for file in self._files:
            before = self.bytes_read
            opened = file.scan.read(file.arguments)
            names = opened.reader.schema.names
            order = [names.index(plan.name) if plan.name in names else None for plan in plans]
            converter = RowConverter(file.scan.files[0].name, plans, self._options, _row, from_json)
            for batch in opened.reader:
                columns = batch.columns
                self.bytes_read = before + opened.bytes_read()
                yield converter.batch([None if i is None else columns[i] for i in order], batch.num_rows)
            self.bytes_read = before + opened.total_bytes

    def _sample(self, guesses: dict[str, JsonGuess]) -> None:
        """Guess from the first rows of every file, so that a type holds for all of them."""
        wanted = self._options.sample_rows
        for number, file in enumerate(self._files if guesses else ()):
            most = wanted if number == 0 or wanted < 0 else min(wanted, _ROWS_OF_OTHER_FILES)
            for batch in file.sample(most):
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    if guess := guesses.get(name):
                        guess.add(column)


class _JsonFile:
    """`names`: the keys of the objects in the sample."""

    def __init__(self, scan: TextScanner, options: ReadOptions) -> None:
        (file,) = scan.files
        self.scan = scan
        self.arguments: dict[str, SqlValue] = {
            "format": _layout(file),
            "records": True,
            "sample_size": options.sample_rows,
            "maximum_object_size": max(options.max_line_bytes, 16 * 1024 * 1024),
            "maximum_depth": 1,
            "hive_partitioning": False,
            **_EVERY_KEY,
        }
        if options.rejects is not None and file.format == "ndjson":
            self.arguments["ignore_errors"] = True
        try:
            self.names = scan.columns(self.arguments)
        except UnreadableInput as error:
            if "non-record JSON" not in error.reason:
                raise
            reason = "every row must be a JSON object with at least one key; the file has other rows, or none."
            raise UnreadableInput(file.name, reason) from error

    def sample(self, rows: int) -> Iterator[pa.RecordBatch]:
        """The first rows, -1: all."""
        if rows < 0:
            yield from self.scan.read(self.arguments).reader
        else:
            yield from self.scan.rows(self.arguments, rows).to_batches()


def _row(row: int) -> str:
    return f"row {row + 1:,}"


def _given(name: str, kind: pa.DataType, options: ReadOptions) -> _Column:
    if pa.types.is_string(kind) and (options.all_text or name.lower() in options.as_text):
        return _Column(name, ANY_JSON, TextForm(), is_guess=False)
    return _Column(name, data_type(kind, name), form_of(name, options), is_guess=False)


def _guessed(name: str, guess: JsonGuess) -> _Column:
    return _Column(name, guess.type, guess.form, is_guess=True, note=guess.note)


def _require_one_layout(file: PreparedFile, first: PreparedFile) -> None:
    if "json" in (file.format, first.format) and _is_array(file) != _is_array(first):
        raise UnreadableInput(file.name, f"only one of it and {first.name} is a JSON array. Load them separately.")


def _layout(file: PreparedFile) -> str:
    """The layout of the objects. If DuckDB detected it while types are given, it would take an array for one object."""
    if file.format == "ndjson":
        return "newline_delimited"
    return "array" if _is_array(file) else "unstructured"


def _is_array(file: PreparedFile) -> bool:
    return first_bytes(file).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
