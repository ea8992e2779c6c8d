"""Writing rows as data files: rolled at a size, digested as they stream, with the column ranges that pruning needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager
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
from supertable.domain.maintenance import TARGET_FILE_BYTES
from supertable.domain.schemas import Schema
from supertable.domain.types import SIGNED, UNSIGNED, DataType, Field

ROW_GROUP_ROWS = 122_880
"""What DuckDB's scan threads take at a time."""
ROW_GROUP_BYTES = 64 * 1024 * 1024
FILE_BYTES = TARGET_FILE_BYTES
MAX_RANGE_TEXT = 64

_BLOOM_FALSE_POSITIVES = 0.05
_BLOOMED = frozenset({"string", "binary", "int32", "int64", "uint32", "uint64", "date", "timestamp"})
_EXACT = Context(prec=80)
_RANGED = frozenset(
    {"bool", "float32", "float64", "decimal", "string", "date", "time", "timestamp", *SIGNED, *UNSIGNED}
)

OpenWriter = Callable[[str], AbstractContextManager[ObjectWriter]]


class DataFileWriter:
    """Writes tables that have a schema's exact columns into the folder of one table.

    `open_writer` is the store's own, or one that keeps a copy besides.
    """

    def __init__(self, store: ObjectStore, open_writer: OpenWriter, identifiers: Identifiers) -> None:
        self._store = store
        self._open_writer = open_writer
        self._identifiers = identifiers

    def write(
        self,
        folder: str,
        schema: Schema,
        groups: Iterable[pa.Table],
        keys: Collection[int] = (),
        file_bytes: int = FILE_BYTES,
    ) -> list[DataFile]:
        """Every table becomes one row group; files roll at about `file_bytes`. No rows: no file.

        `keys`: field ids of columns that get a bloom filter, so that a look-up skips the files that lack its value.
        When it fails, what was written is deleted as far as possible; no commit refers to it.
        """
        written: list[DataFile] = []
        source = iter(groups)
        try:
            written.extend(self._one_file(folder, schema, first, source, keys, file_bytes) for first in source)
        except BaseException:
            self._store.delete([file.key(folder) for file in written])
            raise
        return written

    def _one_file(
        self,
        folder: str,
        schema: Schema,
        first: pa.Table,
        rest: Iterator[pa.Table],
        keys: Collection[int],
        file_bytes: int,
    ) -> DataFile:
        path = data_path(self._identifiers.new())
        floats = _FloatRanges(schema)
        with self._open_writer(f"{folder}/{path}") as target:
            sink = _Sink(target)
            with _parquet_writer(sink, schema, keys, first.num_rows) as writer:
                group: pa.Table | None = first
                while group is not None:
                    writer.write_table(group, row_group_size=max(group.num_rows, 1))
                    floats.look(group)
                    group = None if sink.bytes >= file_bytes else next(rest, None)
            metadata = writer.writer.metadata
        return DataFile(
            path=path,
            rows=metadata.num_rows,
            bytes=sink.bytes,
            digest=sink.digest.hex(),
            schema_id=schema.id,
            ranges=column_ranges(metadata, schema) | floats.ranges(),
        )


def _parquet_writer(sink: _Sink, schema: Schema, keys: Collection[int], group_rows: int) -> pq.ParquetWriter:
    """LZ4, and dictionaries for text only: measured, this is written and read about twice as fast as the defaults.

    Float columns get no statistics in the file: engines that trust those would lose NaN, which they leave out.
    """
    target = arrow_schema(schema)
    leaves = list(_leaves(target))
    return pq.ParquetWriter(
        sink,
        target,
        compression="lz4",
        use_dictionary=[path for path, kind in leaves if pa.types.is_string(kind) or pa.types.is_binary(kind)],
        write_statistics=[path for path, kind in leaves if not pa.types.is_floating(kind)],
        store_decimal_as_integer=True,
        bloom_filter_options={
            field.name: {"ndv": group_rows, "fpp": _BLOOM_FALSE_POSITIVES}
            for field in schema.fields
            if field.id in keys and field.type.name in _BLOOMED
        },
    )


@dataclass(slots=True)
class _FloatRanges:
    """The ranges of float columns, from the values themselves."""

    schema: Schema
    parts: dict[int, list[tuple[float | None, float | None, int, bool]]] = field(default_factory=dict)

    def look(self, group: pa.Table) -> None:
        for i, column in enumerate(self.schema.fields):
            if column.type.name in ("float32", "float64"):
                values = group.column(i)
                ends = pc.min_max(values).as_py()
                has_nan = bool(pc.any(pc.is_nan(values)).as_py())
                self.parts.setdefault(column.id, []).append((ends["min"], ends["max"], values.null_count, has_nan))

    def ranges(self) -> dict[int, ColumnRange]:
        return {field_id: _float_range(parts) for field_id, parts in self.parts.items()}


def _float_range(parts: list[tuple[float | None, float | None, int, bool]]) -> ColumnRange:
    lows = [low for low, _, _, _ in parts if low is not None and not math.isnan(low)]
    highs = [high for _, high, _, _ in parts if high is not None and not math.isnan(high)]
    has_nan = any(nan for _, _, _, nan in parts)
    nulls = sum(part[2] for part in parts)
    low = _finite(min(lows)) if lows else None
    return ColumnRange(low, None if has_nan or not highs else _finite(max(highs)), nulls)


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


def column_ranges(metadata: Any, schema: Schema) -> dict[int, ColumnRange]:
    """The ranges of the top-level plain columns with statistics, by field id, from a Parquet file's own metadata."""
    ranges = {}
    leaf = 0
    for column, node in zip(schema.fields, arrow_schema(schema), strict=True):
        if column.type.name in _RANGED:
            ranges[column.id] = _column_range(metadata, leaf, column)
        leaf += sum(1 for _ in _leaves(node))
    return ranges


def _leaves(nodes: pa.Schema | pa.Field, path: str = "") -> Iterator[tuple[str, pa.DataType]]:
    """The path and type of each Parquet column, in order. Source: the nested types of the Parquet format."""
    fields = list(nodes) if isinstance(nodes, pa.Schema) else [nodes]
    for node in fields:
        here = path + node.name
        if pa.types.is_struct(node.type):
            yield from (leaf for member in node.type for leaf in _leaves(member, f"{here}."))
        elif pa.types.is_list(node.type):
            yield from _leaves(node.type.value_field.with_name("element"), f"{here}.list.")
        elif pa.types.is_map(node.type):
            yield from _leaves(node.type.key_field.with_name("key"), f"{here}.key_value.")
            yield from _leaves(node.type.item_field.with_name("value"), f"{here}.key_value.")
        else:
            yield here, node.type


def _column_range(metadata: Any, leaf: int, column: Field) -> ColumnRange:
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
    low, high = min(lows), max(highs)
    if isinstance(low, str) and isinstance(high, str):
        return ColumnRange(low[:MAX_RANGE_TEXT], _above(high), nulls)
    return ColumnRange(low, high, nulls)


def _scalar(kind: DataType, statistics: Any, end: str) -> Scalar:
    value = getattr(statistics, end)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return int(value.scaleb(kind.scale, _EXACT))
    if kind.name.startswith("uint"):
        return int(value)
    return int(getattr(statistics, f"{end}_raw"))


def _finite(value: float) -> float | None:
    """Infinities are no bounds that JSON could hold, and bound nothing."""
    return value if math.isfinite(value) else None


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
