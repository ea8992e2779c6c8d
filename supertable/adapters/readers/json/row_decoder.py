"""Rows in JSON and NDJSON texts, decoded by the columns of a table into record batches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import msgspec
import pyarrow as pa

from supertable.adapters.readers.json.column_decoders import columns_of, row_types
from supertable.adapters.readers.json.decode_errors import misfit, not_json
from supertable.adapters.readers.json.json_guesses import ANY_JSON
from supertable.adapters.readers.json.repeated_keys import are_distinct_keys, require_distinct_keys
from supertable.adapters.readers.values.exact_values import TextForm
from supertable.application.ports.readers import ReadOptions
from supertable.domain.errors import InvalidInput, InvalidSchema
from supertable.domain.schema.schemas import Schema

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_MISFITS = (pa.ArrowException, OverflowError, ValueError, TypeError)
_MOST_SHOWN = 120
Rows = list[msgspec.Struct]


class RowDecoder:
    """Decodes the texts of one source, in order. `count`: the rows of all batches so far."""

    def __init__(self, options: ReadOptions, source: str = "", forms: Mapping[str, TextForm] | None = None) -> None:
        assert options.columns is not None
        self._types = row_types(_with_texts(options.columns, options.as_text), options.timezone)
        self._forms = forms or {}
        self.source = source or options.name or "the rows"
        self._same_columns = options.same_columns
        self._given: Sequence[int] | None = None
        self._decoded_text = b"", False
        self.count = 0

    def lines(self, text: bytes) -> Rows:
        """The rows of whole lines, an object each. Raises `InvalidInput` and its kinds."""
        return self._decoded(self._types.row.decode_lines, text, is_lines=True)

    def document(self, text: bytes) -> Rows:
        """The rows of an array of objects, or the one of a single object. Raises `InvalidInput` and its kinds."""
        text = text.removeprefix(BYTE_ORDER_MARK)
        if text.lstrip(b" \t\r\n").startswith(b"["):
            return self._decoded(self._types.rows.decode, text)
        return self._decoded(lambda whole: [self._types.row.decode(whole)], text)

    def batch(self, rows: Rows) -> pa.RecordBatch:
        """The rows, decoded last, as a batch, with one schema for all batches of the source. Counts the rows.

        Raises `InvalidSchema` for a value that its column cannot hold, and `UnreadableInput` for a key given twice.
        """
        given = self._given_columns(rows)
        columns = columns_of(rows, self._types.names)
        if rows:
            require_distinct_keys(self._decoded_text, self._types.count_keys(columns), self.source, self.count)
        arrays = [self._array(i, columns[i]) for i in given]
        self.count += len(rows)
        return pa.RecordBatch.from_arrays(arrays, schema=self._types.columns(given))

    def have_same_columns(self, rows: Rows) -> bool:
        """Whether a batch of the source may have these rows beside those before them. False only for `same_columns`."""
        if not self._same_columns or not rows:
            return True
        if self._given is None:
            self._given = _present(rows[0])
        return all(_present(row) == self._given for row in rows)

    def batch_of(self, texts: Sequence[tuple[bytes, Rows]]) -> pa.RecordBatch | None:
        """The rows of several texts, decoded before, as one batch; None if one of the texts must be looked at alone."""
        rows = list(chain.from_iterable(found for _, found in texts))
        columns = columns_of(rows, self._types.names)
        if self._types.are_nested or not are_distinct_keys(
            [text for text, _ in texts], self._types.count_keys(columns)
        ):
            return None
        given = self._given if self._same_columns and self._given is not None else range(len(self._types.fields))
        try:
            arrays = [self._types.array(i, columns[i], self._forms) for i in given]
        except _MISFITS:
            return None
        return pa.RecordBatch.from_arrays(arrays, schema=self._types.columns(given))

    def _decoded(self, decode: Callable[[bytes], Rows], text: bytes, is_lines: bool = False) -> Rows:
        try:
            rows = decode(text)
            self._decoded_text = text, is_lines
            return rows
        except msgspec.ValidationError as error:
            raise misfit(str(error), text, self.source, self.count) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise not_json(error, text, self.source, self.count, is_lines) from error

    def _given_columns(self, rows: Rows) -> Sequence[int]:
        """The positions of the columns of every batch: with `same_columns` those of the first row, else all."""
        if not self._same_columns:
            return range(len(self._types.fields))
        if self._given is None:
            self._given = _present(rows[0]) if rows else range(len(self._types.fields))
        for number, row in enumerate(rows, self.count + 1):
            self._require_same_columns(number, _present(row), self._given)
        return self._given

    def _require_same_columns(self, number: int, present: Sequence[int], given: Sequence[int]) -> None:
        differing = set(present) ^ set(given)
        if not differing:
            return
        i = min(differing)
        this, others = ("has", "lack") if i in present else ("lacks", "have")
        raise InvalidInput(
            f"Row {number:,} {this} the column {self._types.fields[i].name!r}, which the rows before it {others}. An "
            "upsert leaves absent columns unchanged, so all its rows must have the same columns."
        )

    def _array(self, i: int, values: Sequence[Any]) -> pa.Array:
        try:
            return self._types.array(i, values, self._forms)
        except _MISFITS:
            for number, value in enumerate(values, self.count + 1):
                self._require_fits(i, number, value)
            raise

    def _require_fits(self, i: int, number: int, value: Any) -> None:
        try:
            self._types.array(i, [value], self._forms)
        except _MISFITS as error:
            field = self._types.fields[i]
            raise InvalidSchema(
                field.name, f"row {number:,}: the value does not fit {field.type} exactly. The value is {_shown(value)}"
            ) from error


def _with_texts(columns: Schema, as_text: Collection[str]) -> Schema:
    """The columns; those of `as_text` take any JSON value."""
    if not as_text:
        return columns
    fields = [
        replace(field, type=ANY_JSON) if field.name.lower() in as_text and field.type.name == "string" else field
        for field in columns.fields
    ]
    return replace(columns, fields=tuple(fields))


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _present(row: msgspec.Struct) -> list[int]:
    fields = row.__struct_fields__
    return [i for i, name in enumerate(fields) if getattr(row, name) is not msgspec.UNSET]
