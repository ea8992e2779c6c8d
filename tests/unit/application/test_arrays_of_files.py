"""What else the arrays of files say: the first rows, aggregates of all rows, what a compaction may rewrite."""

from __future__ import annotations

import itertools

import pytest

from supertable.application.storage.snapshot_files.column_pruning import pruned_files
from supertable.application.storage.snapshot_files.compactible_files import compactible_files
from supertable.application.storage.snapshot_files.first_files import predicate_of_extremes, predicate_of_first
from supertable.application.storage.snapshot_files.table_summaries import known_summary
from supertable.domain.scan.first_rows import FirstRows
from supertable.domain.scan.predicates import ALWAYS
from supertable.domain.scan.summaries import Summary
from supertable.domain.table.file_sets import ChangedFiles
from supertable.domain.table.maintenance_policy import MaintenancePolicy
from tests.support.drawn_files import (
    ADDED,
    CURRENT,
    IDS,
    TYPES,
    WRITTEN,
    Drawn,
    as_arrays,
    order,
    snapshot_of,
)


@pytest.mark.parametrize("column", [*TYPES, "added"])
def test_the_first_rows_by_a_column_are_in_the_files_that_are_left(
    column: str, drawn: Drawn, arrays: ChangedFiles
) -> None:
    field_id = ADDED.id if column == "added" else IDS[column]
    live = [(file.path, row.get(field_id)) for file, rows in drawn for row in rows[1 if file.deletes else 0 :]]
    left_out = 0
    for descending, nulls_first, count in itertools.product([False, True], [False, True], [1, 2, 9, 40, 10_000]):
        first = FirstRows(column, count, descending, nulls_first)
        values = sorted((value for _, value in live if value is not None), key=order, reverse=descending)
        nulls = sum(value is None for _, value in live)
        last = count - nulls if nulls_first else count
        needed = {order(value) for value in values[: max(last, 0)]}
        paths = {path for path, value in live if value is not None and order(value) in needed}
        if nulls_first or count > len(values):
            paths |= {path for path, value in live if value is None}
        for files in (arrays, dict(arrays)):
            predicate = predicate_of_first(snapshot_of(files), first)
            found = [file.path for file in pruned_files(files, predicate, WRITTEN, CURRENT)]
            assert paths <= {*found}, first
        assert found == [file.path for file in pruned_files(arrays, predicate, WRITTEN, CURRENT)]
        left_out += len(drawn) - len(found)
    assert left_out or column == "added"


@pytest.mark.parametrize("column", [*TYPES, "added"])
def test_the_outermost_values_are_in_the_files_that_are_left(column: str, drawn: Drawn, arrays: ChangedFiles) -> None:
    field_id = ADDED.id if column == "added" else IDS[column]
    live = [(file.path, row.get(field_id)) for file, rows in drawn for row in rows[1 if file.deletes else 0 :]]
    known = [(path, order(value)) for path, value in live if value is not None]
    ends = {"min": min(value for _, value in known), "max": max(value for _, value in known)}
    for functions in (["min"], ["max"], ["min", "max"]):
        predicate = predicate_of_extremes(snapshot_of(arrays), [Summary(each, column) for each in functions])
        found = {file.path for file in pruned_files(arrays, predicate, WRITTEN, CURRENT)}
        for each in functions:
            assert {path for path, value in known if value == ends[each]} <= found
    assert predicate_of_extremes(snapshot_of(arrays), [Summary("min", column), Summary("count")]) == ALWAYS


@pytest.mark.parametrize("column", [*TYPES, "added"])
def test_summaries_are_those_of_the_live_rows_where_they_are_known(column: str, drawn: Drawn) -> None:
    field_id = ADDED.id if column == "added" else IDS[column]
    wanted = [Summary(function, column) for function in ("count", "min", "max")]
    known = 0
    for start in range(0, 200, 4):
        some = drawn[start : start + 4]
        files = {file.path: file for file, _ in some}
        rows = [row.get(field_id) for file, rows in some for row in rows[1 if file.deletes else 0 :]]
        values = sorted((value for value in rows if value is not None), key=order)
        expected = (len(values), values[0] if values else None, values[-1] if values else None)
        for each, value in zip(wanted, expected, strict=True):
            found = known_summary(snapshot_of(files), [each])
            in_arrays = known_summary(snapshot_of(ChangedFiles(as_arrays(list(files.values())))), [each])
            assert found == in_arrays
            assert found in (None, (value,)), each
            known += found is not None
    assert known > 20


@pytest.mark.parametrize(("target", "share"), [(1024, 1.0), (30, 0.3), (60, 0.5), (2000, 0.01)])
def test_the_files_that_a_compaction_may_rewrite_are_the_small_and_the_dirty_ones(
    target: int, share: float, drawn: Drawn, arrays: ChangedFiles
) -> None:
    policy = MaintenancePolicy(target, dirty_share=share)
    expected = [
        file.path
        for file, _ in drawn
        if file.bytes * file.live_rows // file.rows < target * 0.5
        or (file.rows - file.live_rows) / file.rows >= share - 1e-12
        or file.content is not None
    ]
    for files in (arrays, dict(arrays)):
        assert [file.path for file in compactible_files(files, policy)] == expected
