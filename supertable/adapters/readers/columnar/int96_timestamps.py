"""Timestamps of the old type INT96, which counts nanoseconds of any day. PyArrow wraps them around to 64 bits.

They are read as nanoseconds where all of them are in that range, else as microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from supertable.adapters.readers.columnar.batches import BATCH_ROWS, damage_reported
from supertable.adapters.readers.prepared_files import PreparedFile
from supertable.domain.errors import UnreadableInput

_MOST_US = (2**63 - 1) // 1000


def int96_unit(files: Sequence[PreparedFile], count: Callable[[PreparedFile, int], None]) -> str:
    """`ns` or `us`, for all files. `count` is told the size of what is unpacked.

    Raises `UnreadableInput` where neither holds all values exactly.
    """
    is_far = has_nanoseconds = False
    for file in files:
        with damage_reported(file):
            for far, fine in _batches(file, count):
                is_far, has_nanoseconds = is_far or far, has_nanoseconds or fine
        if is_far and has_nanoseconds:
            raise UnreadableInput(
                file.name,
                "its timestamps (INT96) have nanoseconds, and some are not within September 1677 to April 2262, where "
                "nanoseconds fit. Write them in microseconds, as type timestamp.",
            )
    return "us" if is_far else "ns"


def _batches(file: PreparedFile, count: Callable[[PreparedFile, int], None]) -> Iterator[tuple[bool, bool]]:
    """For each column of each batch: whether some timestamps are out of range, and whether some have nanoseconds."""
    schema = pq.read_metadata(file.path).schema
    columns = [schema.column(i).path for i in range(len(schema)) if schema.column(i).physical_type == "INT96"]
    if not columns:
        return
    with (
        pq.ParquetFile(file.path, pre_buffer=False, coerce_int96_timestamp_unit="us") as coarse,
        pq.ParquetFile(file.path, pre_buffer=False) as fine,
    ):
        options = {"batch_size": BATCH_ROWS, "columns": columns}
        for us, ns in zip(coarse.iter_batches(**options), fine.iter_batches(**options), strict=True):
            count(file, us.nbytes)
            for microseconds, nanoseconds in zip(_timestamps(us), _timestamps(ns), strict=True):
                far = pc.any(pc.greater(pc.abs(microseconds), _MOST_US)).as_py()
                rest = pc.subtract(nanoseconds, pc.multiply(microseconds, 1000))  # both wrap around alike
                yield bool(far), bool(pc.any(pc.not_equal(rest, 0)).as_py())


def _timestamps(batch: pa.RecordBatch) -> Iterator[pa.Array]:
    for column in batch.columns:
        yield from _leaves(column)


def _leaves(column: pa.Array) -> Iterator[pa.Array]:
    """The timestamps of a column at every depth, as integers."""
    if pa.types.is_timestamp(column.type):
        yield column.cast(pa.int64())
    elif pa.types.is_struct(column.type):
        for child in column.flatten():
            yield from _leaves(child)
    elif pa.types.is_map(column.type):
        yield from _leaves(column.keys)
        yield from _leaves(column.items)
    elif pa.types.is_nested(column.type):
        yield from _leaves(pc.list_flatten(column))
