"""The keys of a write's rows, in chunks of bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from supertable.application.storage.arrow_batches import conformer
from supertable.application.storage.positions import Positions
from supertable.application.tables.open_table import OpenTable
from supertable.application.writes.staged_files import StagedFiles, StagedFileWriter
from supertable.domain.schema.schemas import Schema
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
        for batch in staging.batches(table, file, _CHUNK_ROWS, columns):
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
