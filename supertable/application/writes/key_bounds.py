"""The range of a batch's keys as a predicate, so that files outside it need no probe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from supertable.domain.scan.predicates import All, Compare, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Scalar

_INTEGERS = {"date": pa.int32(), "timestamp": pa.int64()}


def key_bounds(batch: pa.Table, keys: Sequence[str], schema: Schema) -> Predicate:
    """What every row with one of the batch's keys satisfies. `batch` has the table's own column types."""
    parts: list[Predicate] = []
    for name in keys:
        field = schema.find(name)
        if field is not None:
            parts.extend(_bounds(name, field.type, batch.column(name)))
    return All(tuple(parts))


def _bounds(name: str, kind: DataType, column: pa.ChunkedArray) -> list[Predicate]:
    if kind.name in ("binary", "float16") or column.null_count:
        return []
    ends = pc.min_max(column)
    low, high = (_scalar(kind, ends[end]) for end in ("min", "max"))
    if low is None or high is None or _may_be_nan(kind, column):
        return []
    return [Compare(name, ">=", low), Compare(name, "<=", high)]


def _may_be_nan(kind: DataType, column: pa.ChunkedArray) -> bool:
    return kind.name in ("float32", "float64") and bool(pc.any(pc.is_nan(column)).as_py())


def _scalar(kind: DataType, value: pa.Scalar) -> Scalar | None:
    if not value.is_valid:
        return None
    if kind.name == "time":
        return int(value.cast(pa.int32() if kind.unit == "ms" else pa.int64()).as_py())
    if kind.name in _INTEGERS:
        return int(value.cast(_INTEGERS[kind.name]).as_py())
    if kind.name == "decimal":
        return _unscaled(value.as_py(), kind.scale)
    plain: Any = value.as_py()
    if isinstance(plain, float) and not math.isfinite(plain):
        return None
    return plain if isinstance(plain, bool | int | float | str) else None


def _unscaled(value: Any, scale: int) -> int:
    sign, digits, exponent = value.as_tuple()
    number: int = int("".join(map(str, digits))) * 10 ** (scale + exponent)
    return -number if sign else number
