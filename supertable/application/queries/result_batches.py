"""Results as batches that can be encoded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pyarrow as pa

_PIECE_BYTES = 4 * 1024**2


def with_distinct_names(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same rows, with duplicate column names numbered: `id`, `id_1`, `id_2`."""
    names = _distinct_names(reader.schema.names)
    if names == reader.schema.names:
        return reader
    schema = pa.schema([field.with_name(name) for field, name in zip(reader.schema, names, strict=True)])
    renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in reader)
    return pa.RecordBatchReader.from_batches(schema, renamed)


def small_batches(reader: pa.RecordBatchReader, max_rows: int | None = None) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of at most about 4 MiB."""
    for batch in reader:
        rows = max(1, batch.num_rows * _PIECE_BYTES // max(batch.nbytes, 1))
        rows = min(rows, batch.num_rows, max_rows or batch.num_rows)
        for start in range(0, batch.num_rows, rows or 1):
            yield batch.slice(start, rows)


def _distinct_names(names: list[str]) -> list[str]:
    taken = set(names)
    seen: set[str] = set()
    result = []
    for name in names:
        numbered = (f"{name}_{number}" for number in itertools.count(1))
        unique = name if name not in seen else next(other for other in numbered if other not in taken | seen)
        seen.add(unique)
        result.append(unique)
    return result
