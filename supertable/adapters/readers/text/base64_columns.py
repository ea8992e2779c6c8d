"""Binary columns of text files, whose values are base64."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator

import pyarrow as pa

from supertable.domain.errors import InvalidSchema


def from_base64(reader: pa.RecordBatchReader, names: Collection[str]) -> pa.RecordBatchReader:
    """The rows, with the base64 text of the columns `names` decoded to bytes.

    Raises `InvalidSchema` with the row, counted from 1, for text that is not base64.
    """
    fields = [field.with_type(pa.binary()) if field.name in names else field for field in reader.schema]
    return pa.RecordBatchReader.from_batches(pa.schema(fields), _decoded(reader, names))


def _decoded(reader: pa.RecordBatchReader, names: Collection[str]) -> Iterator[pa.RecordBatch]:
    count = 0
    for batch in reader:
        for name in names:
            position = batch.schema.get_field_index(name)
            values = [_bytes(name, count + i, text) for i, text in enumerate(batch.column(position).to_pylist(), 1)]
            batch = batch.set_column(position, name, pa.array(values, pa.binary()))
        count += batch.num_rows
        yield batch


def _bytes(name: str, row: int, text: str | None) -> bytes | None:
    try:
        return None if text is None else base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidSchema(name, f"row {row:,}: the value is not base64") from error
