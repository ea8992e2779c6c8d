"""The files that may hold rows with given keys, by the ranges of their key columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.column_ranges import scalar_of
from supertable.application.storage.snapshot_files.column_pruning import pruned_files
from supertable.application.tables.open_table import OpenTable
from supertable.domain.scan.predicates import All, Compare, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType
from supertable.domain.table.data_files import DataFile


def candidate_files(
    table: OpenTable, keys: pa.Table, schema: Schema, files: Mapping[str, DataFile]
) -> Sequence[DataFile]:
    """The files that may hold a row with one of the keys, in their order. `schema`: defines the key columns."""
    bounds = _key_bounds(keys, table.snapshot.key_names, schema)
    snapshot = table.snapshot
    return pruned_files(files, bounds, snapshot.schemas, schema, snapshot.definition.maintenance.partition_by)


def _key_bounds(batch: pa.Table, keys: Sequence[str], schema: Schema) -> Predicate:
    """A predicate that is true for every row with one of the batch's keys, which have the table's own types."""
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
    low, high = (scalar_of(kind, ends[end]) for end in ("min", "max"))
    if low is None or high is None or _may_be_nan(kind, column):
        return []
    if low == high:
        return [Compare(name, "=", low)]
    return [Compare(name, ">=", low), Compare(name, "<=", high)]


def _may_be_nan(kind: DataType, column: pa.ChunkedArray) -> bool:
    return kind.name in ("float32", "float64") and bool(pc.any(pc.is_nan(column)).as_py())
