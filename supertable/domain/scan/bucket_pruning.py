"""Which buckets may hold the rows that an equality names: files know those of their rows as ranges.

Only values that every engine compares exactly name a bucket: integers, short decimals, dates, times and text.
"""

from __future__ import annotations

from collections.abc import Sequence

from supertable.domain.layout.hashes import bucket
from supertable.domain.layout.layouts import SHORT_DECIMAL, PartitionField, fits
from supertable.domain.scan.predicates import Compare, IsIn, NullTest, is_equality
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType, Scalar

MOST_VALUES = 1_000
"""Longer IN lists are likely to name every bucket."""


def named_buckets(
    predicate: Compare | IsIn | NullTest,
    factor: int,
    written: Schema,
    current: Schema,
    partitions: Sequence[PartitionField],
) -> list[tuple[int, list[int]]]:
    """The range ids of transforms, and the buckets of which a file that was written under `written` must have one.

    `factor`: see `file_pruning.conversion`. A value that is no multiple of it is in no such file.
    """
    field = current.find(predicate.column)
    if isinstance(predicate, NullTest) or not is_equality(predicate) or field is None:
        return []
    before = written.by_id(field.id)
    values = predicate.values if isinstance(predicate, IsIn) else (predicate.value,)
    if before is None or len(values) > MOST_VALUES:
        return []
    if not all(_is_exact(value, kind) for value in values for kind in (before.type, field.type)):
        return []
    known = [_in_units(value, factor) for value in values]
    return [
        (each.range_id, sorted({bucket(value, each.parameter) for value in known if value is not None}))
        for each in partitions
        if each.transform == "bucket" and each.column == field.id and fits(each, before.type)
    ]


def _is_exact(value: Scalar, kind: DataType) -> bool:
    if isinstance(value, str):
        return kind.name == "string"
    is_short = kind.precision <= SHORT_DECIMAL and kind.unit != "ns"
    return type(value) is int and kind.name not in ("string", "binary") and is_short


def _in_units(value: Scalar, factor: int) -> int | str | None:
    """The value in the units of the file; None: no value of the file equals it."""
    if isinstance(value, str):
        return value
    whole, rest = divmod(int(value), factor)
    return None if rest else whole
