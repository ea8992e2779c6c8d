"""Writing rows as data files: rolled at a size, digested as they stream, with the column ranges that pruning needs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from supertable.application.arrow_schemas import arrow_schema
from supertable.application.digests import Digest
from supertable.application.ports.clocks import Identifiers
from supertable.application.ports.object_stores import ObjectStore, ObjectWriter
from supertable.domain.files import ColumnRange, DataFile, Scalar
from supertable.domain.layout import data_path
from supertable.domain.schemas import Schema
from supertable.domain.types import SIGNED, UNSIGNED, DataType, Field

ROW_GROUP_ROWS = 122_880
"""What DuckDB's scan threads take at a time."""
ROW_GROUP_BYTES = 64 * 1024 * 1024
FILE_BYTES = 128 * 1024 * 1024
MAX_RANGE_TEXT = 64

_EXACT = Context(prec=80)
_RANGED = frozenset(
    {"bool", "float32", "float64", "decimal", "string", "date", "time", "timestamp", *SIGNED, *UNSIGNED}
)


class DataFileWriter:
    """Writes tables that have a schema's exact columns into the folder of one table."""

    def __init__(self, store: ObjectStore, identifiers: Identifiers) -> None:
        self._store = store
        self._identifiers = identifiers

    def write(self, folder: str, schema: Schema, groups: Iterable[pa.Table]) -> list[DataFile]:
        """Every table becomes one row group; files roll at about `FILE_BYTES`. No rows: no file.

        When it fails, what was written is deleted as far as possible; no commit refers to it.
        """
        written: list[DataFile] = []
        source = iter(groups)
        try:
            written.extend(self._one_file(folder, schema, first, source) for first in source)
        except BaseException:
            self._store.delete([f"{folder}/{file.path}" for file in written])
            raise
        return written

    def _one_file(self, folder: str, schema: Schema, first: pa.Table, rest: Iterator[pa.Table]) -> DataFile:
        path = data_path(self._identifiers.new())
        nans = _NanColumns(schema)
        with self._store.open_writer(f"{folder}/{path}") as target:
            sink = _Sink(target)
            writer = pq.ParquetWriter(
                sink, arrow_schema(schema), compression="zstd", compression_level=1, store_decimal_as_integer=True
            )
            group: pa.Table | None = first
            while group is not None:
                writer.write_table(group, row_group_size=max(group.num_rows, 1))
                nans.look(group)
                group = None if sink.bytes >= FILE_BYTES else next(rest, None)
            writer.close()
            metadata = writer.writer.metadata
        return DataFile(
            path=path,
            rows=metadata.num_rows,
            bytes=sink.bytes,
            digest=sink.digest.hex(),
            schema_id=schema.id,
            ranges=column_ranges(metadata, schema, nans.found),
        )


@dataclass(slots=True)
class _NanColumns:
    """Which float columns hold a NaN: Parquet's statistics leave NaN out, and queries sort it above every number."""

    schema: Schema
    found: set[int] = field(default_factory=set)

    def look(self, group: pa.Table) -> None:
        for i, column in enumerate(self.schema.fields):
            unknown = column.type.name in ("float32", "float64") and column.id not in self.found
            if unknown and pc.any(pc.is_nan(group.column(i))).as_py():
                self.found.add(column.id)


class _Sink:
    """The file object that the Parquet writer writes to."""

    closed = False

    def __init__(self, target: ObjectWriter) -> None:
        self._target = target
        self.digest = Digest()
        self.bytes = 0

    def write(self, data: bytes) -> int:
        self._target.write(data)
        self.digest.update(data)
        self.bytes += len(data)
        return len(data)

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        """Durability is the store's work, when the object is closed."""

    def close(self) -> None:
        self.closed = True


def column_ranges(metadata: Any, schema: Schema, nan_columns: set[int]) -> dict[int, ColumnRange]:
    """The ranges of all top-level plain columns, by field id, from a Parquet file's own statistics."""
    ranges = {}
    leaf = 0
    for column in schema.fields:
        if column.type.name in _RANGED:
            ranges[column.id] = _column_range(metadata, leaf, column, column.id in nan_columns)
        leaf += _leaves(column.type)
    return ranges


def _leaves(kind: DataType) -> int:
    return sum(_leaves(child.type) for child in kind.fields) if kind.fields else 1


def _column_range(metadata: Any, leaf: int, column: Field, has_nan: bool) -> ColumnRange:
    lows: list[Scalar] = []
    highs: list[Scalar] = []
    nulls = 0
    bounded = True
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        statistics = group.column(leaf).statistics
        if statistics is None or not statistics.has_null_count:
            return ColumnRange(None, None, group.num_rows)
        nulls += statistics.null_count
        if statistics.has_min_max:
            lows.append(_scalar(column.type, statistics, "min"))
            highs.append(_scalar(column.type, statistics, "max"))
        elif statistics.null_count < group.num_rows:
            bounded = False
    if not lows or not bounded:
        return ColumnRange(None, None, nulls)
    low, high = _finite(min(lows)), _finite(max(highs))
    if isinstance(low, str) and isinstance(high, str):
        return ColumnRange(low[:MAX_RANGE_TEXT], _above(high), nulls)
    return ColumnRange(low, None if has_nan else high, nulls)


def _scalar(kind: DataType, statistics: Any, end: str) -> Scalar:
    value = getattr(statistics, end)
    if isinstance(value, bool | float | str):
        return value
    if isinstance(value, Decimal):
        return int(value.scaleb(kind.scale, _EXACT))
    if kind.name.startswith("uint"):
        return int(value)
    return int(getattr(statistics, f"{end}_raw"))


def _finite(value: Scalar) -> Scalar | None:
    """Infinities are no bounds that JSON could hold, and bound nothing."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _above(text: str) -> str | None:
    """The text itself if it is short, else a short text that sorts after everything that starts like it."""
    if len(text) <= MAX_RANGE_TEXT:
        return text
    start = text[:MAX_RANGE_TEXT]
    while start and start[-1] == "\U0010ffff":
        start = start[:-1]
    if not start:
        return None
    following = 0xE000 if start[-1] == "\ud7ff" else ord(start[-1]) + 1
    return start[:-1] + chr(following)
