"""Keys as words: 64-bit integers that are equal exactly where the keys are.

One column of a narrow type is such a word as it is. Other keys have a hash as their word, and their values beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import FLOATS, DataType, is_integer

Words = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LEAST = np.iinfo(np.int64).min
"""The word of a sequence that is null, below all others."""
_WORD_DIGITS = 18
_MAGNITUDE = np.int64(2**63 - 1)


class NoWord(Exception):
    """A value has no word, so that only the files themselves can answer."""


@dataclass(frozen=True, slots=True)
class KeyShape:
    """The keys of a table under one schema. Positions are found by them as long as no type of them changes.

    `keys`: ids and types of the key columns. `sequence`: of the sequence column, if there is one.
    """

    keys: tuple[tuple[int, DataType], ...]
    sequence: tuple[int, DataType] | None

    @property
    def is_hashed(self) -> bool:
        return len(self.keys) > 1 or not _has_words(self.keys[0][1])

    @property
    def is_indexable(self) -> bool:
        """Whether a sequence column is one of its own, with words whose order is that of the sequences."""
        if self.sequence is None:
            return True
        column, kind = self.sequence
        return _has_words(kind) and kind.name != "uint64" and all(column != key for key, _ in self.keys)


def key_shape(schema: Schema, keys: Sequence[int], sequence: int | None) -> KeyShape:
    """`keys` and `sequence`: field ids."""
    types = {field.id: field.type for field in schema.fields}
    return KeyShape(tuple((key, types[key]) for key in keys), None if sequence is None else (sequence, types[sequence]))


def words(column: pa.ChunkedArray, kind: DataType) -> tuple[Words, Flags]:
    """The word of each value, and which of the values are null. Words are in the order of the values, but for uint64.

    Raises `NoWord`.
    """
    nulls = column.is_null().combine_chunks().to_numpy(zero_copy_only=False)
    try:
        plain = column.cast(_plain_type(kind)).combine_chunks()
    except pa.ArrowInvalid:
        raise NoWord from None
    if pa.types.is_decimal(plain.type):
        found = _low_words(plain)
        found[nulls] = 0
        return found, nulls
    values = _integers(plain).fill_null(0).to_numpy(zero_copy_only=False)
    return _ordered_bits(values) if kind.name in FLOATS else values.view(np.int64), nulls


def sequence_words(column: pa.ChunkedArray, kind: DataType) -> Words:
    """The words of sequences, `LEAST` for null. Raises `NoWord`."""
    found, nulls = words(column, kind)
    if (found == LEAST).any():
        raise NoWord
    return np.where(nulls, LEAST, found)


def same_values(one: pa.Table, other: pa.Table) -> Flags:
    """Whether the rows with the same number are equal. Nulls are equal to each other, and so are NaNs."""
    result = np.ones(one.num_rows, dtype=bool)
    for left, right in zip(one.columns, other.columns, strict=True):
        equal = pc.fill_null(pc.equal(left, right), False)
        result &= _flags(equal) | (_flags(left.is_null()) & _flags(right.is_null()))
        if pa.types.is_floating(left.type):
            nans = pc.and_(pc.fill_null(pc.is_nan(left), False), pc.fill_null(pc.is_nan(right), False))
            result[_flags(nans)] = True
    return result


def _has_words(kind: DataType) -> bool:
    if kind.name == "decimal":
        return kind.precision <= _WORD_DIGITS
    if kind.name in ("time", "timestamp"):
        return kind.unit != "ns" or (kind.name == "timestamp" and not kind.timezone)
    return is_integer(kind) or kind.name in ("bool", "date", "float32", "float64")


def _plain_type(kind: DataType) -> pa.DataType:
    """The type in whose units words are: that in which the engine returns stored values."""
    if kind.name == "decimal":
        return pa.decimal128(kind.precision, kind.scale)
    if kind.name == "time":
        return pa.time64("us")
    if kind.name == "timestamp":
        return pa.timestamp("ns" if kind.unit == "ns" else "us", kind.timezone or None)
    if kind.name in FLOATS:
        return pa.float64()
    if kind.name == "date":
        return pa.date32()
    return pa.uint64() if kind.name == "uint64" else pa.int64()


def _integers(values: Any) -> Any:
    if pa.types.is_date32(values.type):
        return values.cast(pa.int32()).cast(pa.int64())
    return values.cast(pa.int64()) if pa.types.is_temporal(values.type) else values


def _low_words(values: Any) -> Words:
    """The lower halves of 128-bit integers, which are the whole of those that fit into 64 bits."""
    both = np.frombuffer(values.buffers()[1], dtype=np.int64)
    return both[2 * values.offset : 2 * (values.offset + len(values)) : 2].copy()


def _ordered_bits(values: npt.NDArray[np.float64]) -> Words:
    """The bits of floats as integers in the order of the floats. 0.0 is equal to -0.0, and NaN is above all numbers."""
    plain = values + 0.0
    plain[np.isnan(plain)] = np.nan
    bits = plain.view(np.int64)
    return np.where(bits < 0, bits ^ _MAGNITUDE, bits)


def _flags(column: pa.ChunkedArray) -> Flags:
    found: Flags = column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
    return found
