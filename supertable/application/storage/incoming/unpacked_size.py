"""How much memory columns take once their encodings are undone. A few bytes can stand for terabytes of equal values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.arrow.arrow_encodings import is_text_or_bytes, is_view

_SLICE_BYTES = 64 * 1024 * 1024


def unpacked_size(rows: pa.Table | pa.RecordBatch) -> int:
    """The size of plain columns with these values, in bytes; at most that where it takes long to tell."""
    columns = rows.itercolumns()
    return sum(_size(chunk) for column in columns for chunk in getattr(column, "chunks", [column]))


def bounded_slices(batch: pa.RecordBatch, max_rows: int) -> Iterator[tuple[pa.RecordBatch, int]]:
    """The batch in slices that are small once they are unpacked, each with its `unpacked_size`; at least one row."""
    for start in range(0, batch.num_rows, max_rows):
        yield from _halves(batch.slice(start, max_rows))


def _halves(part: pa.RecordBatch) -> Iterator[tuple[pa.RecordBatch, int]]:
    size = max(unpacked_size(part), part.num_rows)
    if size <= _SLICE_BYTES or part.num_rows == 1:
        yield part, size
        return
    middle = part.num_rows // 2
    yield from _halves(part.slice(0, middle))
    yield from _halves(part.slice(middle))


def _size(array: Any) -> int:
    type_, count = array.type, len(array)
    if isinstance(type_, pa.BaseExtensionType):
        return _size(array.storage)
    if pa.types.is_dictionary(type_):
        return _size_of_dictionary(array)
    if pa.types.is_run_end_encoded(type_):
        return count * _largest(array.values)
    if pa.types.is_struct(type_):
        return count + sum(_size(child) for child in array.flatten())
    if pa.types.is_map(type_):
        return 4 * count + _size_of_children(array, array.keys) + _size_of_children(array, array.items)
    if pa.types.is_list_view(type_) or pa.types.is_large_list_view(type_):
        return 8 * count + _total(pc.list_value_length(array)) * _largest(array.values)
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return 4 * count + _size_of_children(array, array.values)
    if pa.types.is_fixed_size_list(type_):
        return count + _size(array.values.slice(array.offset * type_.list_size, count * type_.list_size))
    if is_text_or_bytes(type_):
        return 4 * count + _total(_lengths(array))
    return count if pa.types.is_null(type_) else count * type_.bit_width // 8


def _size_of_children(array: Any, children: Any) -> int:
    """The size of the children of a list or map; slices of `array` have their own offsets."""
    if not len(array):
        return 0
    first, last = array.offsets[0].as_py(), array.offsets[len(array)].as_py()
    return _size(children.slice(first, last - first))


def _size_of_dictionary(array: pa.DictionaryArray) -> int:
    values = array.dictionary
    if not is_text_or_bytes(values.type):
        return len(array) * _largest(values)
    return 4 * len(array) + _total(pc.take(_lengths(values), array.indices))


def _largest(values: Any) -> int:
    """At most the size of one of the values."""
    if not len(values):
        return 0
    if is_text_or_bytes(values.type):
        return 4 + (pc.max(_lengths(values)).as_py() or 0)
    return _size(values) if pa.types.is_nested(values.type) else max(1, _size(values) // len(values))


def _lengths(values: Any) -> Any:
    """The length of each text or binary in bytes, null for nulls. Arrow has no function for those of views."""
    if not is_view(values.type):
        return pc.binary_length(values)
    if not len(values):
        return pa.array([], pa.int32())
    views = np.frombuffer(values.buffers()[1], np.int32).reshape(-1, 4)  # a view of 16 bytes begins with its length
    lengths = np.ascontiguousarray(views[values.offset : values.offset + len(values), 0])
    return pc.if_else(values.is_valid(), pa.array(lengths), None)


def _total(lengths: Any) -> int:
    return pc.sum(lengths.cast(pa.int64())).as_py() or 0
