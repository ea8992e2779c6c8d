"""The values of partition transforms, as arrays of 64-bit integers.

Values that are no integers, such as texts, stand for themselves by a hash of theirs: values of `identity` and
`truncate` are compared for equality only. `domain.layout.hashes` has the hashes, one value at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from supertable.domain.layout.hashes import HASHED_BYTES
from supertable.domain.layout.layouts import SHORT_DECIMAL, PartitionField
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import UNITS, DataType
from supertable.domain.table.data_files import ColumnRange

Values = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Nulls = npt.NDArray[np.bool_]

_WORD = 8
_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3_600
_SPANS = {"year": "datetime64[Y]", "month": "datetime64[M]"}


@dataclass(slots=True)
class PartitionRanges:
    """The ranges of the transformed values of a file, for its `DataFile.ranges`."""

    schema: Schema
    fields: Sequence[PartitionField]
    parts: dict[int, list[ColumnRange]] = field(default_factory=dict)

    def add(self, rows: pa.Table) -> None:
        for partition in self.fields if rows.num_rows else ():
            values, nulls = partition_values(rows, partition, self.schema)
            known = values[~nulls]
            low, high = (int(known.min()), int(known.max())) if len(known) else (None, None)
            self.parts.setdefault(partition.range_id, []).append(ColumnRange(low, high, int(nulls.sum())))

    def ranges(self) -> dict[int, ColumnRange]:
        return {range_id: _joined(parts) for range_id, parts in self.parts.items()}


def _joined(parts: list[ColumnRange]) -> ColumnRange:
    lows = [part.low for part in parts if isinstance(part.low, int)]
    highs = [part.high for part in parts if isinstance(part.high, int)]
    return ColumnRange(min(lows, default=None), max(highs, default=None), sum(part.nulls for part in parts))


def partition_values(rows: pa.Table, partition: PartitionField, schema: Schema) -> tuple[Values, Nulls]:
    """The transformed value of each row, and where the column is null. `rows`: with the columns of `schema`."""
    place = next(i for i, column in enumerate(schema.fields) if column.id == partition.column)
    kind = schema.fields[place].type
    column = rows.column(place).combine_chunks()
    nulls = column.is_null().to_numpy(zero_copy_only=False)
    values = _transformed(column, kind, partition)
    values[nulls] = 0
    return values, nulls


def _transformed(column: pa.Array, kind: DataType, partition: PartitionField) -> Values:
    transform, parameter = partition.transform, partition.parameter
    if kind.name in ("string", "binary"):
        return _of_bytes(column, kind, transform, parameter)
    if transform == "bucket":
        return (_integer_hashes(*_halves(column, kind)) % np.uint64(parameter)).astype(np.int64)
    if transform == "identity" and kind.precision > SHORT_DECIMAL:
        return _positive(_integer_hashes(*_halves(column, kind)))
    if transform == "truncate":
        divisor = parameter * 10**kind.scale
        words = _halves(column, kind)[0]
        numbers = words if kind.name == "uint64" else words.view(np.int64)
        # All short decimals are less than a greater divisor: they are negative or not.
        quotients = numbers // numbers.dtype.type(divisor) if divisor < 2**63 else np.where(numbers < 0, -1, 0)
        return quotients.astype(np.int64)
    values = _halves(column, kind)[0].view(np.int64).copy()
    return values if transform == "identity" else _moments(values, kind, transform)


def _moments(values: Values, kind: DataType, transform: str) -> Values:
    """The number of years, months, days or hours since 1970, in UTC."""
    per_second = 10 ** UNITS[kind.unit] if kind.name == "timestamp" else 0
    if transform == "hour":
        return values // (_HOUR_SECONDS * per_second)
    days = values // (_DAY_SECONDS * per_second) if per_second else values
    if transform == "day":
        return days
    return days.astype("datetime64[D]").astype(_SPANS[transform]).astype(np.int64)


def _of_bytes(column: pa.Array, kind: DataType, transform: str, parameter: int) -> Values:
    if transform == "truncate":
        cut = pc.utf8_slice_codeunits if kind.name == "string" else pc.binary_slice
        column = cut(column, 0, parameter)
    hashes = _bytes_hashes(column.cast(pa.large_binary()))
    return (hashes % np.uint64(parameter)).astype(np.int64) if transform == "bucket" else _positive(hashes)


def _positive(hashes: Words) -> Values:
    return (hashes >> np.uint64(1)).astype(np.int64)


def _halves(column: pa.Array, kind: DataType) -> tuple[Words, Words]:
    """The lower and the upper 64 bits of the integers by which a column's values are stored."""
    if kind.name == "decimal":
        column = column.cast(pa.decimal128(kind.precision, kind.scale))
        words = np.frombuffer(column.buffers()[1], np.uint64).reshape(-1, 2)
        own = words[column.offset : column.offset + len(column)]
        return own[:, 0].copy(), own[:, 1].copy()
    if kind.name == "uint64":
        low = column.fill_null(0).to_numpy().astype(np.uint64)
        return low, np.zeros(len(low), np.uint64)
    if kind.name in ("date", "time"):
        column = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
    signed = column.cast(pa.int64()).fill_null(0).to_numpy().astype(np.int64)
    return signed.view(np.uint64), (signed >> 63).view(np.uint64)


def _mixed(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _integer_hashes(low: Words, high: Words) -> Words:
    return _mixed(low ^ _mixed(high))


def _bytes_hashes(column: pa.LargeBinaryArray) -> Words:
    """Words are read from the values one after the other, for all rows that are long enough."""
    offsets = np.frombuffer(column.buffers()[1], np.int64)[column.offset : column.offset + len(column) + 1]
    starts, lengths = offsets[:-1], np.diff(offsets)
    found = _mixed(lengths.astype(np.uint64))
    first, end = int(offsets[0]), int(offsets[-1])
    data = np.frombuffer(column.buffers()[2] or b"", np.uint8)[first:end]
    padded = np.concatenate([data, np.zeros(_WORD, np.uint8)])
    words = np.ndarray((len(padded) - _WORD + 1,), np.dtype("<u8"), padded, strides=(1,))
    for at in range(0, min(int(lengths.max(initial=0)), HASHED_BYTES), _WORD):
        rows = np.flatnonzero(lengths > at)
        left = np.minimum(lengths[rows] - at, _WORD)
        masks = np.uint64(2**64 - 1) >> ((_WORD - left) * _WORD).astype(np.uint64)
        found[rows] = _mixed(found[rows] ^ (words[starts[rows] - first + at] & masks))
    return found
