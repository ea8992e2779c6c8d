"""JSON and NDJSON whose objects are rows of a table that is there: read by its columns, not by what they look like.

The columns are matched by their exact names. Errors say which row, counted from 1, and which column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import IO, Any

import msgspec
import pyarrow as pa

from supertable.adapters.readers.json_types import row_types
from supertable.adapters.readers.prepared_files import StagedFile
from supertable.application.ports.readers import OpenedFiles, ReadOptions
from supertable.domain.errors import IncompatibleSchema, InvalidInput, InvalidSchema, UnreadableInput

_CHUNK_BYTES = 1024 * 1024
_MARK = b"\xef\xbb\xbf"
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?:\[(?P<row>\d+)\])?(?:\.(?P<column>.*))?`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
_UNHELD = (pa.ArrowException, OverflowError, ValueError, TypeError)
_Rows = list[msgspec.Struct]


def rows_in(text: bytes, format_: str, options: ReadOptions) -> pa.Table:
    """All rows of a text that is in memory. Raises `InvalidInput` and its kinds."""
    reading = _Reading(options)
    decoded = reading.lines(text) if format_ == "ndjson" else reading.document(text)
    return pa.Table.from_batches([reading.batch(decoded)])


@contextmanager
def open_typed_json(files: Sequence[StagedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    """NDJSON is read as it lies there. An array's objects are found by DuckDB, which does not take them apart."""
    reading = _Reading(options)
    (file,) = files
    if file.format == "ndjson" or file.bytes <= _CHUNK_BYTES:
        source: Any = nullcontext(reading.pieces(file))
    else:
        source = _elements(file, options)
    with source as pieces:
        batches = (reading.batch(reading.lines(piece) if isinstance(piece, bytes) else piece) for piece in pieces)
        first = next(batches, None)
        if first is None:
            first = reading.batch([])
        yield OpenedFiles(
            pa.RecordBatchReader.from_batches(first.schema, _chain(first, batches)), file.bytes, lambda: reading.bytes
        )


class _Reading:
    """`count`: the rows that were read so far."""

    def __init__(self, options: ReadOptions) -> None:
        assert options.columns is not None
        self._types = row_types(options.columns)
        self._name = options.name or "the rows"
        self._most_line = options.max_line_bytes
        self._same = options.same_columns
        self._given: list[int] | None = None
        self.count = 0
        self.bytes = 0

    def lines(self, text: bytes) -> _Rows:
        return self._decoded(self._types.row.decode_lines, text)

    def document(self, text: bytes) -> _Rows:
        text = text.removeprefix(_MARK).lstrip(b" \t\r\n")
        if text.startswith(b"["):
            return self._decoded(self._types.rows.decode, text)
        return self._decoded(lambda whole: [self._types.row.decode(whole)], text)

    def pieces(self, file: StagedFile) -> Iterator[bytes | _Rows]:
        """Whole lines, about a chunk at a time; or the one small document."""
        with file.path.open("rb") as source:
            if file.format != "ndjson":
                yield self.document(source.read())
                return
            source.seek(len(_MARK) if source.read(len(_MARK)) == _MARK else 0)
            yield from self._whole_lines(source)

    def batch(self, rows: _Rows) -> pa.RecordBatch:
        given = self._columns_given(rows)
        arrays = [self._array(i, [getattr(row, self._types.names[i]) for row in rows]) for i in given]
        self.count += len(rows)
        return pa.RecordBatch.from_arrays(arrays, schema=self._types.columns(given))

    def _columns_given(self, rows: _Rows) -> Sequence[int]:
        """The columns of every batch. Those that no row has are left out only where all rows must have the same."""
        if not self._same:
            return range(len(self._types.fields))
        if self._given is None:
            self._given = _present(rows[0]) if rows else list(range(len(self._types.fields)))
        for number, row in enumerate(rows, self.count + 1):
            if _present(row) != self._given:
                differing = self._types.fields[min(set(_present(row)) ^ set(self._given))]
                raise InvalidInput(
                    f"Row {number:,} and the rows before it do not have the same columns: one has {differing.name!r}, "
                    "the other not. An upsert leaves columns that it lacks as they are, so all its rows need the same."
                )
        return self._given

    def _array(self, i: int, values: list[Any]) -> pa.Array:
        try:
            return self._types.array(i, values)
        except _UNHELD:
            for number, value in enumerate(values, self.count + 1):
                self._check(i, number, value)
            raise

    def _check(self, i: int, number: int, value: Any) -> None:
        try:
            self._types.array(i, [value])
        except _UNHELD as error:
            field = self._types.fields[i]
            raise InvalidSchema(field.name, f"row {number:,} has a value that {field.type} cannot hold") from error

    def _whole_lines(self, source: IO[bytes]) -> Iterator[bytes]:
        rest = b""
        while chunk := source.read(_CHUNK_BYTES):
            self.bytes += len(chunk)
            whole, found, rest = (rest + chunk).rpartition(b"\n")
            self._check_line(rest)
            if found:
                yield whole
        if rest.strip():
            yield rest

    def _check_line(self, line: bytes) -> None:
        if len(line) > self._most_line:
            raise UnreadableInput(
                self._name, f"a line after row {self.count:,} is longer than {self._most_line:,} bytes."
            )

    def _decoded(self, decode: Callable[[bytes], _Rows], text: bytes) -> _Rows:
        try:
            return decode(text)
        except msgspec.ValidationError as error:
            raise self._misfit(str(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise UnreadableInput(self._name, self._broken(error)) from error

    def _broken(self, error: Exception) -> str:
        after = f" (after row {self.count:,})" if self.count else ""
        if isinstance(error, UnicodeDecodeError):
            return f"it is not UTF-8{after}."
        if isinstance(error, RecursionError):
            return f"it is nested too deeply{after}."
        return f"it is not valid JSON{after}: {str(error).removeprefix('JSON is malformed: ').rstrip('.')}."

    def _misfit(self, message: str) -> InvalidInput:
        found = _PLACE.match(message)
        what, row, column = (found["what"], found["row"], found["column"]) if found else (message, None, None)
        where = f"row {self.count + int(row or 0) + 1:,}"
        unknown = _UNKNOWN.match(what)
        if unknown:
            name = f"{column}.{unknown['name']}" if column else unknown["name"]
            hint = f"It is in {where}; names are matched exactly. Write with evolve to add it."
            return IncompatibleSchema(name, "no such column", "one", hint)
        said = what[:1].lower() + what[1:].replace("`", "").replace(" | ", " or ")
        if column is None:
            return UnreadableInput(self._name, f"{where}: {said}.")
        return InvalidSchema(column, f"{where}: {said}")


def _present(row: msgspec.Struct) -> list[int]:
    fields = row.__struct_fields__
    return [i for i, name in enumerate(fields) if getattr(row, name) is not msgspec.UNSET]


def _chain(first: pa.RecordBatch, rest: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


@contextmanager
def _elements(file: StagedFile, options: ReadOptions) -> Iterator[Iterator[bytes]]:
    """The objects of a large array, a line each. Raises `UnreadableInput`."""
    from supertable.adapters.readers.duckdb_text import scanner

    arguments = {
        "format": "array" if _is_array(file) else "unstructured",
        "maximum_object_size": options.max_line_bytes,
    }
    with scanner("read_json_objects", [file]) as scan:
        reader = scan.read(arguments, "json").reader
        yield (_line(batch) for batch in reader)


def _line(batch: pa.RecordBatch) -> bytes:
    return "\n".join(batch.column(0).to_pylist()).encode()


def _is_array(file: StagedFile) -> bool:
    with file.path.open("rb") as source:
        return source.read(4096).removeprefix(_MARK).lstrip(b" \t\r\n").startswith(b"[")
