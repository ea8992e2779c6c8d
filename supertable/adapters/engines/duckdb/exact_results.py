"""Results whose values Arrow holds exactly. DuckDB converts two types with loss, and says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from supertable.domain.errors import InvalidStatement, QueryFailed

_ZONED_TIME = "TIME WITH TIME ZONE"
_WIDE = "UHUGEINT"
_TO_TEXT = "Cast it to VARCHAR in the statement."


def exact_stream(
    cursor: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] | Mapping[str, Any], batch_rows: int
) -> pa.RecordBatchReader:
    """The rows of a query as a stream: after `execute`, Arrow would hold all of them.

    It is submitted as relations submit theirs, but is not bound before, which takes as long as a look-up in ten files.
    Raises `InvalidStatement` for times with a zone, which would lose it; and, here or while the rows are read,
    `QueryFailed` for integers of more than 127 bits, which would become negative.
    """
    values = dict(parameters) if isinstance(parameters, Mapping) else list(parameters)
    result = cursor._submit(sql, values or None, "stream", batch_rows)
    columns = [(name, str(kind)) for name, kind, *_ in result.description]
    for name, kind in columns:
        if _ZONED_TIME in kind or (_WIDE in kind and kind != _WIDE):
            raise InvalidStatement(f'Column "{name}" is a {kind}, which no result holds exactly. {_TO_TEXT}')
    reader = result.arrow_reader()
    wide = [i for i, (_, kind) in enumerate(columns) if kind == _WIDE]
    return pa.RecordBatchReader.from_batches(reader.schema, _checked(reader, wide)) if wide else reader


def _checked(reader: pa.RecordBatchReader, wide: Sequence[int]) -> Iterator[pa.RecordBatch]:
    for batch in reader:
        for i in wide:
            if pc.any(pc.less(batch.column(i), pa.scalar(0, batch.column(i).type))).as_py():
                raise QueryFailed(f'Column "{batch.schema.names[i]}" has an integer of more than 127 bits. {_TO_TEXT}')
        yield batch
