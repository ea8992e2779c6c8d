"""Aggregates over all rows of a snapshot, from the ranges of its files: see `domain.scan.summaries`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.parts import Part
from supertable.domain.scan.file_pruning import unit_factor
from supertable.domain.scan.summaries import Outermost, Summary, extreme
from supertable.domain.schema.types import Scalar
from supertable.domain.table.data_files import ColumnRange, DataFile
from supertable.domain.table.file_sets import ChangedFiles
from supertable.domain.table.snapshots import Snapshot


class _Unknown(Exception):
    """The ranges do not say it exactly."""


def known_summary(snapshot: Snapshot, wanted: Sequence[Summary]) -> tuple[Scalar | None, ...] | None:
    """The values of the aggregates, None for a null; None: there are none, or one of them takes a read of the rows."""
    if not wanted:
        return None
    files = ChangedFiles.of(snapshot.files)
    parts, objects = [], [*files.replaced.values(), *files.added.values()]
    if isinstance(files.base, ColumnFiles):
        kept = np.ones(len(files.base), np.bool_)
        kept[files.base.rows_of([*files.removed, *files.replaced])] = False
        parts = [(schema_id, part.only(kept)) for schema_id, part in files.base.parts.items()]
    else:
        objects = list(files.values())
    try:
        return tuple(_value(snapshot, parts, objects, each) for each in wanted)
    except _Unknown:
        return None


def _value(
    snapshot: Snapshot, parts: Sequence[tuple[int, Part]], objects: Sequence[DataFile], wanted: Summary
) -> Scalar | None:
    if not wanted.column:
        return snapshot.rows
    current = snapshot.schema.find(wanted.column)
    if current is None:
        raise _Unknown
    factors = {
        number: unit_factor(before.type, current.type)
        for number, schema in snapshot.schemas.items()
        if (before := schema.by_id(current.id))
    }
    columns: list[_Columns] = [
        _Column(part, current.id, factors[number]) for number, part in parts if number in factors
    ]
    columns.append(_ColumnOfObjects([file for file in objects if file.schema_id in factors], current.id, factors))
    if wanted.function == "count":
        return sum(column.count() for column in columns)
    ends = [end for column in columns for end in column.ends(wanted.function == "max")]
    if not ends:
        return None
    found = extreme(wanted, ends, snapshot.schema)
    if found is None:
        raise _Unknown
    return found


class _Columns(Protocol):
    """A column in some files, all of which have it."""

    def count(self) -> int:
        """The number of live values that are not null."""

    def ends(self, greatest: bool) -> Iterable[Outermost]:
        """The outermost ends of files with live values, in the units of the current type."""


class _ColumnOfObjects:
    def __init__(self, files: Iterable[DataFile], field_id: int, factors: Mapping[int, int | None]) -> None:
        self._found = [(file, _range(file, field_id)) for file in files if file.live_rows]
        self._factors = factors

    def count(self) -> int:
        return sum(_count(file, found.nulls) for file, found in self._found)

    def ends(self, greatest: bool) -> Iterator[Outermost]:
        for file, found in self._found:
            if found.nulls < file.rows:
                end, factor = found.high if greatest else found.low, self._factors[file.schema_id]
                if end is None or factor is None:
                    raise _Unknown
                yield Outermost(_converted(end, factor), file.live_rows == file.rows)


def _range(file: DataFile, field_id: int) -> ColumnRange:
    found = file.ranges.get(field_id)
    unbounded = found is not None and found.low is None and found.high is None
    if found is None or (unbounded and found.nulls not in (0, file.rows)):
        raise _Unknown
    return found


def _count(file: DataFile, nulls: int) -> int:
    if 0 < nulls < file.rows and file.live_rows < file.rows:
        raise _Unknown
    return 0 if nulls == file.rows else file.live_rows - nulls


def _converted(end: Scalar, factor: int) -> Scalar:
    return end if isinstance(end, str) or factor == 1 else end * factor


class _Column:
    """A column in the files of one schema, in arrays."""

    def __init__(self, part: Part, field_id: int, factor: int | None) -> None:
        self._part = part
        self._field_id = field_id
        self._factor = factor
        nulls, has_range = part.nulls(field_id)
        low, high = part.low(field_id).known, part.high(field_id).known
        self._nulls = nulls
        self._all_null = nulls == part.row_counts
        self._dead = part.dead_counts > 0
        alive = part.row_counts > part.dead_counts
        if np.any(alive & ~(has_range & (low | high | (nulls == 0) | self._all_null))):
            raise _Unknown
        self._has_values = alive & ~self._all_null

    def count(self) -> int:
        if np.any(self._has_values & self._dead & (self._nulls > 0)):
            raise _Unknown
        counts = self._part.row_counts - self._part.dead_counts - self._nulls
        return int(counts[self._has_values].sum())

    def ends(self, greatest: bool) -> Iterator[Outermost]:
        end = self._part.high(self._field_id) if greatest else self._part.low(self._field_id)
        if self._factor is None or np.any(self._has_values & ~end.known):
            raise _Unknown
        for is_exact, some in ((True, ~self._dead), (False, self._dead)):
            rows = self._has_values & some
            for _, value in self._part.outermost(self._field_id, rows, 1, upper=greatest, descending=greatest):
                yield Outermost(_converted(value, self._factor), is_exact)
