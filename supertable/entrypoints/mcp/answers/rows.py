"""Rows for an answer: as many as fit, as JSON that loses nothing, and what was left out in words.

Whole numbers beyond 2^53 and decimals are text, since many readers of JSON round them; so are 64-bit numbers within
nested values. Values that are too long are cut, which the notes say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa

from supertable.application.queries.result_batches import small_batches, with_distinct_names
from supertable.application.storage.arrow.arrow_schemas import type_name
from supertable.entrypoints.encoding.number_texts import array_as_text
from supertable.entrypoints.encoding.values import json_values

MOST_CHARACTERS = 32_000
"""Of the rows of one answer as JSON: about 10,000 tokens."""
MOST_VALUE_CHARACTERS = 4_000
_EXACT = 2**53
_ENCODER = msgspec.json.Encoder(enc_hook=str)


@dataclass(slots=True)
class TakenRows:
    """`columns`: names and types. `complete`: whether these are all rows. `notes`: what was cut or left out, and how to
    get it."""

    columns: list[dict[str, str]]
    rows: list[list[Any]] = field(default_factory=list)
    complete: bool = True
    notes: list[str] = field(default_factory=list)

    @property
    def members(self) -> dict[str, Any]:
        return {
            "columns": self.columns,
            "rows": self.rows,
            "row_count": len(self.rows),
            "complete": self.complete,
            "notes": self.notes,
        }


class _Cuts:
    """Counts what was changed for the answer."""

    def __init__(self) -> None:
        self.values = 0
        self.numbers = False


def taken_rows(reader: pa.RecordBatchReader, limit: int, how_to_get_the_rest: str) -> TakenRows:
    """Up to `limit` rows, fewer if they are long. Reads no more of the result than it needs.

    `how_to_get_the_rest`: with a place `{count}` for the number of rows that were taken.
    """
    distinct = with_distinct_names(reader)
    taken = TakenRows([{"name": column.name, "type": type_name(column.type)} for column in distinct.schema])
    cuts = _Cuts()
    room = MOST_CHARACTERS
    for row, size in _sized_rows(distinct, cuts):
        room -= size
        if len(taken.rows) == limit or room < 0:
            taken.complete = False
            taken.notes.append(_left_out(taken, limit, how_to_get_the_rest))
            break
        taken.rows.append(row)
    if cuts.values:
        taken.notes.append(
            f"{cuts.values} values longer than {MOST_VALUE_CHARACTERS:,} characters were cut. Read one in parts with "
            "substr(column, start, length)."
        )
    if cuts.numbers:
        taken.notes.append("Decimals, and whole numbers beyond 2^53, are exact, as text.")
    return taken


def _left_out(taken: TakenRows, limit: int, how_to_get_the_rest: str) -> str:
    count = len(taken.rows)
    if not count and limit:
        return f"One row is longer than {MOST_CHARACTERS:,} characters, so none is shown. Select fewer columns."
    why = "the limit" if count == limit else f"as many as fit into {MOST_CHARACTERS:,} characters"
    return f"These are the first {count} rows ({why}); there are more. {how_to_get_the_rest.format(count=count)}"


def _sized_rows(reader: pa.RecordBatchReader, cuts: _Cuts) -> Iterator[tuple[list[Any], int]]:
    """Each row with its length as JSON."""
    for batch in small_batches(reader, 256):
        columns = [exact_values(column, cuts) for column in batch.columns]
        for row in zip(*columns, strict=True) if columns else ():
            encoded = [_ENCODER.encode(value) for value in row]
            yield (
                [_within(value, text, cuts) for value, text in zip(row, encoded, strict=True)],
                sum(min(len(text), MOST_VALUE_CHARACTERS) + 1 for text in encoded) + 2,
            )


def exact_values(array: pa.Array, cuts: _Cuts | None = None) -> list[Any]:
    """The values as JSON has them, without loss for readers whose numbers are doubles."""
    kind = array.type
    if pa.types.is_integer(kind):
        values = [_exact(value) for value in array.to_pylist()]
    elif pa.types.is_decimal(kind) or pa.types.is_nested(kind) or pa.types.is_dictionary(kind):
        values = json_values(array_as_text(array))
    else:
        return json_values(array)
    if cuts is not None and not cuts.numbers and not pa.types.is_nested(kind):
        cuts.numbers = any(isinstance(value, str) for value in values) and not pa.types.is_dictionary(kind)
    return values


def _exact(value: int | None) -> int | str | None:
    return value if value is None or -_EXACT <= value <= _EXACT else str(value)


def _within(value: Any, encoded: bytes, cuts: _Cuts) -> Any:
    if len(encoded) <= MOST_VALUE_CHARACTERS:
        return value
    cuts.values += 1
    text = value if isinstance(value, str) else encoded.decode()
    return f"{text[:MOST_VALUE_CHARACTERS]}… (cut: {len(text):,} characters)"
