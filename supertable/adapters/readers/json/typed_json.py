"""JSON and NDJSON whose objects are rows of an existing table, read by the types of its columns.

Keys must equal the columns' names exactly. Errors name the row, counted from 1, and the column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import IO

import pyarrow as pa

from supertable.adapters.readers import command_line_hints as hints
from supertable.adapters.readers.json.row_decoder import BYTE_ORDER_MARK, RowDecoder
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.adapters.readers.values.exact_values import TextForm
from supertable.application.ports.readers import OpenedFiles, ReadOptions, RejectedRow, RejectSink
from supertable.domain.errors import IncompatibleSchema, InvalidInput, InvalidSchema, UnreadableInput

_CHUNK_BYTES = 1024 * 1024


def rows_in(text: bytes, format_: str, options: ReadOptions) -> pa.Table:
    """All rows of a text in memory. Raises `InvalidInput` and its kinds."""
    decoder = RowDecoder(options)
    rows = decoder.lines(text) if format_ == "ndjson" else decoder.document(text)
    return pa.Table.from_batches([decoder.batch(rows)])


@dataclass(slots=True)
class _Progress:
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class RowFile:
    """`in_lines`: it has an object to a line. Else it is an array of objects, or consecutive objects."""

    file: PreparedFile
    in_lines: bool


@contextmanager
def open_typed_json(files: Sequence[PreparedFile], options: ReadOptions) -> Iterator[OpenedFiles]:
    """The rows of one file that a client sent: NDJSON, an array of objects, or one object."""
    (file,) = files
    if file.format != "ndjson" and file.bytes <= _CHUNK_BYTES:
        decoder = RowDecoder(options)
        batch = decoder.batch(decoder.document(file.path.read_bytes()))
        yield OpenedFiles(pa.RecordBatchReader.from_batches(batch.schema, [batch]), file.bytes, lambda: file.bytes)
    else:
        with opened_rows([RowFile(file, in_lines=file.format == "ndjson")], options) as opened:
            yield opened


@contextmanager
def opened_rows(
    files: Sequence[RowFile], options: ReadOptions, forms: Mapping[str, TextForm] | None = None
) -> Iterator[OpenedFiles]:
    """The rows of all files. `forms`: of the dates of some columns."""
    progress = _Progress()
    batches = (batch for file in files for batch in _batches(file, options, progress, forms or {}))
    with closing(batches):
        first = next(batches, None) if options.same_columns else None
        if first is None:
            first = RowDecoder(options).batch([])
        reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
        yield OpenedFiles(reader, sum(each.file.bytes for each in files), lambda: progress.bytes)


def _batches(
    row_file: RowFile, options: ReadOptions, progress: _Progress, forms: Mapping[str, TextForm]
) -> Iterator[pa.RecordBatch]:
    file = row_file.file
    decoder = RowDecoder(options, options.name or file.name, forms)
    before = progress.bytes
    with _texts(row_file, options, decoder, progress) as texts:
        for text in texts:
            try:
                yield decoder.batch(decoder.lines(text))
            except InvalidInput as error:
                if options.rejects is not None:
                    yield _fitting(text, decoder, options.rejects)
                elif options.name is not None:
                    raise
                else:
                    raise _named(error, file.name) from error
    progress.bytes = before + file.bytes


def _named(error: InvalidInput, name: str) -> UnreadableInput:
    if isinstance(error, UnreadableInput):
        return error
    if isinstance(error, InvalidSchema):
        row, _, reason = error.reason.partition(": ")
        reason = f"{row}: column {error.column!r}: {reason}. Correct the value. {hints.SET_ASIDE}"
        return UnreadableInput(name, reason)
    return UnreadableInput(name, str(error))


def _fitting(text: bytes, decoder: RowDecoder, rejects: RejectSink) -> pa.RecordBatch:
    """The rows of some lines that fit. The others are rejected."""
    batches = [decoder.batch([])]
    for line in text.split(b"\n"):
        if not line.strip():
            continue
        try:
            batches.append(decoder.batch(decoder.lines(line)))
        except InvalidInput as error:
            decoder.count += 1
            column = error.column if isinstance(error, InvalidSchema | IncompatibleSchema) else ""
            reason = error.reason if isinstance(error, InvalidSchema | UnreadableInput) else str(error)
            reason = reason.removeprefix(f"row {decoder.count:,}: ")
            place = f"row {decoder.count:,}"
            rejects.add(RejectedRow(decoder.source, place, column, line.decode(errors="replace"), reason))
    (batch,) = pa.Table.from_batches(batches).combine_chunks().to_batches() or [batches[0]]
    return batch


@contextmanager
def _texts(
    row_file: RowFile, options: ReadOptions, decoder: RowDecoder, progress: _Progress
) -> Iterator[Iterator[bytes]]:
    if row_file.in_lines:
        with row_file.file.path.open("rb") as source:
            yield _whole_lines(source, options, decoder, progress)
    else:
        with _objects(row_file.file, options) as lines:
            yield lines


def _whole_lines(source: IO[bytes], options: ReadOptions, decoder: RowDecoder, progress: _Progress) -> Iterator[bytes]:
    """The text in pieces of about a chunk, cut at line ends. Raises `UnreadableInput` for a line that is too long."""
    source.seek(len(BYTE_ORDER_MARK) if source.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK else 0)
    rest = b""
    while chunk := source.read(_CHUNK_BYTES):
        progress.bytes += len(chunk)
        whole, found, rest = (rest + chunk).rpartition(b"\n")
        if len(rest) > options.max_line_bytes:
            raise UnreadableInput(
                decoder.source, f"a line after row {decoder.count:,} is longer than {options.max_line_bytes:,} bytes."
            )
        if found:
            yield whole
    if rest.strip():
        yield rest


@contextmanager
def _objects(file: PreparedFile, options: ReadOptions) -> Iterator[Iterator[bytes]]:
    """The objects of a large array, one to a line. Raises `UnreadableInput`."""
    from supertable.adapters.readers.text.text_scanner import scanner

    arguments = {
        "format": "array" if _is_array(file) else "unstructured",
        "maximum_object_size": options.max_line_bytes,
    }
    with scanner("read_json_objects", [file]) as scan:
        reader = scan.read(arguments, "json").reader
        yield (_lines(batch) for batch in reader)


def _lines(batch: pa.RecordBatch) -> bytes:
    return "\n".join(batch.column(0).to_pylist()).encode()


def _is_array(file: PreparedFile) -> bool:
    with file.path.open("rb") as source:
        return source.read(4096).removeprefix(BYTE_ORDER_MARK).lstrip(b" \t\r\n").startswith(b"[")
