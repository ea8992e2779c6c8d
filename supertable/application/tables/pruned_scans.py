"""Scans of the rows that a condition keeps, without the files that cannot hold such rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from supertable.application.storage.snapshot_files.column_pruning import pruned_files
from supertable.application.tables.open_table import OpenTable
from supertable.domain.scan.exact_predicates import exact_part
from supertable.domain.scan.predicates import ALWAYS, All, Predicate
from supertable.domain.scan.row_filter_pruning import necessary_predicate
from supertable.domain.scan.scan_plan import Scan, grouped_files
from supertable.domain.table.data_files import DataFile


def pruned_scan(
    table: OpenTable, predicate: Predicate, governed: bool, files: Mapping[str, DataFile] | None = None
) -> Scan:
    """The scan of the files that may hold rows which meet the predicate, and which the caller sees.

    `governed`: the role sees only a part of what the statement reads. Then the exact part of the predicate prunes the
    files, and the scan applies it to every row. Else, whether an expression of the statement meets a visible row, and
    fails on it, would depend on the hidden rows of the same file. `files`: of the snapshot; None: all.
    """
    kept = exact_part(predicate, table.unmasked) if governed else predicate
    scan = table.scan(_pruned(table, kept, files))
    return replace(scan, residual=kept) if governed else scan


def _pruned(table: OpenTable, predicate: Predicate, files: Mapping[str, DataFile] | None) -> Sequence[DataFile] | None:
    """None: all files of the snapshot."""
    snapshot = table.snapshot
    condition = table.access.condition if table.access else None
    if condition:
        predicate = All((predicate, necessary_predicate(condition, snapshot.schema)))
    if files is None and predicate == ALWAYS and grouped_files(snapshot) is not None:
        return None
    chosen = snapshot.files if files is None else files
    partitions = snapshot.definition.maintenance.partition_by
    return pruned_files(chosen, predicate, snapshot.schemas, snapshot.schema, partitions)
