"""The keys of a write's rows, in chunks of bounded size, and the files that may hold the same keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.arrow_batches import conformer
from supertable.application.storage.column_ranges import scalar_of
from supertable.application.storage.deletion_vectors import Positions
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.staged_files import StagedFiles, StagedFileWriter
from supertable.domain.scan.file_pruning import pruned
from supertable.domain.scan.predicates import All, Compare, Predicate
from supertable.domain.schema.schemas import Schema
from supertable.domain.schema.types import DataType
from supertable.domain.table.data_files import DataFile

_CHUNK_ROWS = 500_000


@dataclass(frozen=True, slots=True, eq=False)
class KeyChunk:
    """Rows of one staged file: only key and sequence columns. `rows[i]` is the position of row i in the file."""

    file: DataFile
    rows: Positions
    keys: pa.Table


def key_chunks(table: OpenTable, staged: StagedFiles, schema: Schema, staging: StagedFileWriter) -> Iterator[KeyChunk]:
    """The keys of all live staged rows, in chunks of bounded size, under the column names of `table`.

    They have the types of `schema`, which may be wider than those of the staged files.
    """
    definition = table.snapshot.definition
    ids = [*definition.keys, *([definition.sequence] if definition.sequence else [])]
    columns = [field.name for number in ids if (field := staged.schema.by_id(number))]
    target = _key_columns(table, schema, ids)
    if staged.rows_in_memory is not None:
        keys = _typed(staged.rows_in_memory.select(columns), target)
        yield KeyChunk(staged.files[0], np.arange(keys.num_rows), keys)
        return
    for file in staged.files:
        live = np.ones(file.rows, dtype=bool)
        live[staged.dead.get(file.path, np.empty(0, np.int64))] = False
        start = 0
        for batch in staging.open(table, file).iter_batches(batch_size=_CHUNK_ROWS, columns=columns):
            mask = live[start : start + batch.num_rows]
            keys = pa.table(batch).select(columns).filter(pa.array(mask))
            yield KeyChunk(file, np.flatnonzero(mask) + start, _typed(keys, target))
            start += batch.num_rows


def _key_columns(table: OpenTable, schema: Schema, ids: Sequence[int]) -> Schema:
    names = {field.id: field.name for field in table.snapshot.schema.fields}
    found = [field for number in ids if (field := schema.by_id(number))]
    return replace(schema, fields=tuple(replace(field, name=names[field.id], nullable=True) for field in found))


def _typed(keys: pa.Table, target: Schema) -> pa.Table:
    """Raises `InvalidSchema` for values that do not fit. Only nanoseconds do not hold every value of narrower types."""
    named = keys.rename_columns(target.names)
    return conformer(named.schema, target)(named)


def candidate_files(table: OpenTable, keys: pa.Table, schema: Schema, files: Mapping[str, DataFile]) -> list[DataFile]:
    """The files that may hold a row with one of the keys, in their order. `schema`: defines the key columns."""
    bounds = _key_bounds(keys, table.snapshot.key_names, schema)
    return pruned(files.values(), bounds, table.snapshot.schemas, schema)


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
    return [Compare(name, ">=", low), Compare(name, "<=", high)]


def _may_be_nan(kind: DataType, column: pa.ChunkedArray) -> bool:
    return kind.name in ("float32", "float64") and bool(pc.any(pc.is_nan(column)).as_py())
