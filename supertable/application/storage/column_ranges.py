"""Minimum and maximum values of the columns of a data file, for pruning."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.arrow.arrow_schemas import arrow_schema
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import SIGNED, UNSIGNED, DataType, Field, Scalar
from supertable.domain.table.data_files import ColumnRange

MAX_RANGE_TEXT = 64
_EXACT = Context(prec=80)
_STORED_AS_INTEGERS = frozenset({"date", "timestamp", "time", *SIGNED})
_RANGED = frozenset(
    {"bool", "float32", "float64", "decimal", "string", "date", "time", "timestamp", *SIGNED, *UNSIGNED}
)


@dataclass(slots=True)
class FloatRanges:
    """The ranges of float columns, computed from their values."""

    schema: Schema
    parts: dict[int, list[tuple[float | None, float | None, int, bool]]] = field(default_factory=dict)

    def add(self, group: pa.Table) -> None:
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


def column_ranges(metadata: Any, schema: Schema) -> dict[int, ColumnRange]:
    """The ranges of top-level columns of primitive types that have statistics, by field id, from the Parquet metadata.

    Statistics that are missing or incomplete give a range without bounds.
    """
    ranges = {}
    leaf = 0
    for column, node in zip(schema.fields, arrow_schema(schema), strict=True):
        if column.type.name in _RANGED:
            ranges[column.id] = _column_range(metadata, leaf, column)
        leaf += sum(1 for _ in parquet_leaves(node))
    return ranges


def ranges_of_rows(rows: pa.Table, schema: Schema) -> dict[int, ColumnRange]:
    """The same ranges, from the rows of a file themselves. `rows`: with the columns of `schema`."""
    floats = FloatRanges(schema)
    floats.add(rows)
    ranged = [(i, column) for i, column in enumerate(schema.fields) if column.type.name in _RANGED]
    return {column.id: _range_of(rows.column(i), column.type) for i, column in ranged} | floats.ranges()


def _range_of(values: pa.ChunkedArray, kind: DataType) -> ColumnRange:
    if values.null_count == len(values):
        return ColumnRange(None, None, len(values))
    ends = pc.min_max(values)
    return _bounded(scalar_of(kind, ends["min"]), scalar_of(kind, ends["max"]), values.null_count)


def scalar_of(kind: DataType, value: pa.Scalar) -> Scalar | None:
    """A value as ranges and predicates have it; None: a null, or a value that is no bound."""
    if not value.is_valid:
        return None
    if kind.name in ("date", "timestamp", "time"):
        return int(value.value)
    plain: Any = value.as_py()
    if kind.name == "decimal":
        return _unscaled(plain, kind.scale)
    if isinstance(plain, float) and not math.isfinite(plain):
        return None
    return plain if isinstance(plain, bool | int | float | str) else None


def parquet_leaves(nodes: pa.Schema | pa.Field, path: str = "") -> Iterator[tuple[str, pa.DataType]]:
    """The path and type of each Parquet column, in order. Source: the nested types of the Parquet format."""
    fields = list(nodes) if isinstance(nodes, pa.Schema) else [nodes]
    for node in fields:
        here = path + node.name
        if pa.types.is_struct(node.type):
            yield from (leaf for member in node.type for leaf in parquet_leaves(member, f"{here}."))
        elif pa.types.is_list(node.type):
            yield from parquet_leaves(node.type.value_field.with_name("element"), f"{here}.list.")
        elif pa.types.is_map(node.type):
            yield from parquet_leaves(node.type.key_field.with_name("key"), f"{here}.key_value.")
            yield from parquet_leaves(node.type.item_field.with_name("value"), f"{here}.key_value.")
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
    return _bounded(min(lows), max(highs), nulls)


def _bounded(low: Scalar | None, high: Scalar | None, nulls: int) -> ColumnRange:
    if isinstance(low, str) and isinstance(high, str):
        return ColumnRange(low[:MAX_RANGE_TEXT], _above(high), nulls)
    return ColumnRange(low, high, nulls)


def _scalar(kind: DataType, statistics: Any, end: str) -> Scalar:
    if kind.name in _STORED_AS_INTEGERS:
        return int(getattr(statistics, f"{end}_raw"))
    value = getattr(statistics, end)
    if isinstance(value, bool | str):
        return value
    return _unscaled(value, kind.scale) if isinstance(value, Decimal) else int(value)


def _unscaled(value: Decimal, scale: int) -> int:
    return int(value.scaleb(scale, _EXACT))


def _finite(value: float) -> float | None:
    """None for infinities: JSON cannot hold them, and they bound nothing."""
    return value if math.isfinite(value) else None


def _above(text: str) -> str | None:
    """An upper bound: the text itself if it is short, else a short text that sorts after every text with its prefix.

    None if there is no such text.
    """
    if len(text) <= MAX_RANGE_TEXT:
        return text
    start = text[:MAX_RANGE_TEXT]
    while start and start[-1] == "\U0010ffff":
        start = start[:-1]
    if not start:
        return None
    following = 0xE000 if start[-1] == "\ud7ff" else ord(start[-1]) + 1
    return start[:-1] + chr(following)
