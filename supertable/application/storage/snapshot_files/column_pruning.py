"""File pruning over arrays: for every file the same decision as `domain.scan.file_pruning`, which has the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.column_lists import chosen_files
from supertable.application.storage.snapshot_files.ends import Flags
from supertable.application.storage.snapshot_files.parts import End, Part
from supertable.domain.layout.layouts import PartitionField
from supertable.domain.scan.bucket_pruning import named_buckets
from supertable.domain.scan.file_pruning import conversion, pruned
from supertable.domain.scan.predicates import ALWAYS, All, AnyOf, Compare, IsIn, NullTest, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import ChangedFiles

_MOST_SINGLE = 8
"""So many values of an IN list are compared one by one."""


def pruned_files(
    files: Mapping[str, DataFile],
    predicate: Predicate,
    schemas: Mapping[int, Schema],
    current: Schema,
    partitions: Sequence[PartitionField] = (),
) -> Sequence[DataFile]:
    """The files that may hold matching rows, in their order. Parameters are those of `pruned`.

    Very many are no objects yet: see `FileList`.
    """
    if not (isinstance(files, ChangedFiles) and isinstance(files.base, ColumnFiles)):
        return pruned(files.values(), predicate, schemas, current, partitions)
    kept = np.arange(len(files.base))
    if predicate != ALWAYS:
        kept = np.flatnonzero(matching(files.base, predicate, schemas, current, partitions))
    return chosen_files(files, kept, pruned(files.added.values(), predicate, schemas, current, partitions))


def matching(
    files: ColumnFiles,
    predicate: Predicate,
    schemas: Mapping[int, Schema],
    current: Schema,
    partitions: Sequence[PartitionField] = (),
) -> Flags:
    """For each file whether it may hold matching rows."""
    result = np.zeros(len(files), np.bool_)
    for schema_id, part in files.parts.items():
        result[part.rows] = _Pruning(part, schemas[schema_id], current, partitions).test(predicate)
    return result


class _Pruning:
    def __init__(self, part: Part, written: Schema, current: Schema, partitions: Sequence[PartitionField]) -> None:
        self._part = part
        self._written = written
        self._current = current
        self._partitions = partitions

    def test(self, predicate: Predicate) -> Flags:
        match predicate:
            case All(parts):
                return self._joined(parts, np.logical_and, True)
            case AnyOf(parts):
                return self._joined(parts, np.logical_or, False)
        found = conversion(predicate, self._written, self._current)
        if isinstance(found, bool):
            return np.full(self._part.size, found)
        column, factor = found
        result = self._single(predicate, column, factor)
        for number, numbers in named_buckets(predicate, factor, self._written, self._current, self._partitions):
            result = result & self._single(IsIn(predicate.column, tuple(numbers)), number, 1)
        return result

    def _single(self, predicate: Compare | IsIn | NullTest, column: int, factor: int) -> Flags:
        nulls, has_range = self._part.nulls(column)
        if isinstance(predicate, NullTest):
            return ~has_range | (nulls < self._part.row_counts if predicate.negated else nulls > 0)
        known, holds = self._compared(predicate, column, factor)
        if known.all():
            return holds
        return ~has_range | np.where(known, holds, nulls < self._part.row_counts)

    def _joined(self, parts: Sequence[Predicate], join: Callable[[Flags, Flags], Flags], start: bool) -> Flags:
        result = np.full(self._part.size, start)
        for part in parts:
            result = join(result, self.test(part))
        return result

    def _compared(self, predicate: Compare | IsIn, column: int, factor: int) -> tuple[Flags, Flags]:
        """Whether the bound that decides is known, and whether it allows matching rows."""
        low, high = self._part.low(column), self._part.high(column)
        if isinstance(predicate, IsIn):
            return low.known | high.known, _any_within(low, high, sorted(set(predicate.values)), factor)
        value = predicate.value
        match predicate.operator:
            case "<" | "<=":
                return low.known, low.at_most(value, factor, predicate.operator == "<")
            case ">" | ">=":
                return high.known, high.at_least(value, factor, predicate.operator == ">")
        return low.known | high.known, _within(low, high, value, factor)


def _within(low: End, high: End, value: Any, factor: int) -> Flags:
    return (~low.known | low.at_most(value, factor)) & (~high.known | high.at_least(value, factor))


def _any_within(low: End, high: End, values: Sequence[Any], factor: int) -> Flags:
    if len(values) > _MOST_SINGLE:
        return low.values_below(values, factor) < high.values_up_to(values, factor)
    found = np.zeros(len(low.known), np.bool_)
    for value in values:
        found |= _within(low, high, value, factor)
    return found
