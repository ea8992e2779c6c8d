"""Results whose values Arrow holds exactly. DuckDB converts two types with loss, and says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from supertable.domain.errors import InvalidStatement, QueryFailed

_ZONED_TIME = "TIME WITH TIME ZONE"
_WIDE = "UHUGEINT"
_TO_TEXT = "Cast it to VARCHAR in the statement."


def exact_reader(relation: duckdb.DuckDBPyRelation, batch_rows: int) -> pa.RecordBatchReader:
    """The rows of a relation as a stream.

    Raises `InvalidStatement` for times with a zone, which would lose it; and, here or while the rows are read,
    `QueryFailed` for integers of more than 127 bits, which would become negative.
    """
    kinds = [str(kind) for kind in relation.types]
    for name, kind in zip(relation.columns, kinds, strict=True):
        if _ZONED_TIME in kind or (_WIDE in kind and kind != _WIDE):
            raise InvalidStatement(f'Column "{name}" is a {kind}, which no result holds exactly. {_TO_TEXT}')
    reader = relation.to_arrow_reader(batch_rows)
    wide = [i for i, kind in enumerate(kinds) if kind == _WIDE]
    return pa.RecordBatchReader.from_batches(reader.schema, _checked(reader, wide)) if wide else reader


def _checked(reader: pa.RecordBatchReader, wide: Sequence[int]) -> Iterator[pa.RecordBatch]:
    for batch in reader:
        for i in wide:
            if pc.any(pc.less(batch.column(i), pa.scalar(0, batch.column(i).type))).as_py():
                raise QueryFailed(f'Column "{batch.schema.names[i]}" has an integer of more than 127 bits. {_TO_TEXT}')
        yield batch
