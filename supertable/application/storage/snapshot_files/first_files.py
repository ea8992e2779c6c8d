"""What files guarantee about the first rows of a table: see `domain.scan.first_rows`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from supertable.application.storage.snapshot_files.column_files import ColumnFiles
from supertable.application.storage.snapshot_files.ends import Flags
from supertable.domain.scan.file_pruning import unit_factor
from supertable.domain.scan.first_rows import FirstRows, Guarantee, first_rows_predicate
from supertable.domain.scan.predicates import ALWAYS, AnyOf, Predicate
from supertable.domain.scan.summaries import Summary
from supertable.domain.schema.schemas import Schema
from supertable.domain.table.data_files import DataFile
from supertable.domain.table.file_sets import ChangedFiles
from supertable.domain.table.snapshots import Snapshot


def predicate_of_first(snapshot: Snapshot, first: FirstRows) -> Predicate:
    """True for every row that can be among the first of the snapshot."""
    files = snapshot.files
    factors = {number: _factor(written, snapshot.schema, first.column) for number, written in snapshot.schemas.items()}
    field = snapshot.schema.find(first.column)
    if field is None or first.count <= 0:
        return ALWAYS
    if not (isinstance(files, ChangedFiles) and isinstance(files.base, ColumnFiles)):
        return first_rows_predicate(first, _of_objects(files.values(), field.id, factors, first))
    unchanged = np.ones(len(files.base), np.bool_)
    unchanged[files.base.rows_of([*files.removed, *files.replaced])] = False
    changed = [*files.replaced.values(), *files.added.values()]
    return first_rows_predicate(
        first,
        [
            *_of_objects(changed, field.id, factors, first),
            *_of_arrays(files.base, unchanged, field.id, factors, first),
        ],
    )


def predicate_of_extremes(snapshot: Snapshot, summaries: Sequence[Summary]) -> Predicate:
    """True for every row that can have one of these least or greatest values. `ALWAYS` if rows are counted too."""
    if not summaries or any(each.function == "count" for each in summaries):
        return ALWAYS
    firsts = (FirstRows(each.column, 1, descending=each.function == "max") for each in summaries)
    return AnyOf(tuple(predicate_of_first(snapshot, first) for first in firsts))


def _factor(written: Schema, current: Schema, column: str) -> int | None:
    field = current.find(column)
    before = written.by_id(field.id) if field else None
    return unit_factor(before.type, field.type) if field and before else None


def _of_objects(
    files: Iterable[DataFile], field_id: int, factors: Mapping[int, int | None], first: FirstRows
) -> Iterator[Guarantee]:
    for file in files:
        factor, found = factors[file.schema_id], file.ranges.get(field_id)
        end = None if found is None else found.low if first.descending else found.high
        if factor is not None and found is not None and end is not None and file.live_rows > found.nulls:
            yield Guarantee(_converted(end, factor), file.live_rows - found.nulls)


def _of_arrays(
    files: ColumnFiles, unchanged: Flags, field_id: int, factors: Mapping[int, int | None], first: FirstRows
) -> Iterator[Guarantee]:
    """The guarantees of the outermost files. One more row each is enough of them."""
    for schema_id, part in files.parts.items():
        factor = factors[schema_id]
        nulls, has_range = part.nulls(field_id)
        rows = part.row_counts - part.dead_counts - nulls
        chosen = has_range & (rows > 0) & unchanged[part.rows]
        if factor is not None:
            for row, end in part.outermost(
                field_id, chosen, first.count, upper=not first.descending, descending=first.descending
            ):
                yield Guarantee(_converted(end, factor), int(rows[row]))


def _converted(end: bool | float | str, factor: int) -> bool | float | str:
    return end if isinstance(end, str) or factor == 1 else end * factor
