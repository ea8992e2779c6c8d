"""A digest of rows that are read as a stream. It depends on values and types, not on how rows are cut into batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from supertable.application.storage.arrow.arrow_encodings import decoded, is_text_or_bytes


class RowDigest:
    """Each part of a column has its own hash: which values are null, lengths, and the values without nulls."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._rows = 0
        self._hashes: dict[str, Any] = {}

    def observing(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The same rows; they are added to the digest as they are read."""

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                self.add(batch)
                yield batch

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    def add(self, batch: pa.RecordBatch) -> None:
        self._rows += batch.num_rows
        for number, column in enumerate(batch.columns):
            self._add(str(number), column)

    def hexdigest(self) -> str:
        """64 hex digits."""
        columns = [(field.name, str(field.type)) for field in self._schema]
        parts = sorted((path, each.hexdigest()) for path, each in self._hashes.items())
        return hashlib.sha256(repr((columns, self._rows, parts)).encode(errors="surrogatepass")).hexdigest()

    def _add(self, path: str, column: pa.Array) -> None:
        column = decoded(column)
        type_ = column.type
        self._feed(f"{path} valid", column.is_valid().cast(pa.uint8()))
        if pa.types.is_struct(type_):
            for number, child in enumerate(column.flatten()):
                self._add(f"{path}.{number}", child)
        elif pa.types.is_nested(type_):
            lists = _lists(column)
            self._feed(f"{path} length", pc.list_value_length(lists).drop_null().cast(pa.int64()))
            self._add(f"{path}.0", pc.list_flatten(lists))
        elif is_text_or_bytes(type_):
            values = column.cast(pa.large_binary()).drop_null()
            self._feed(f"{path} length", pc.binary_length(values))
            self._hash(path).update(_bytes_of(values))
        elif pa.types.is_boolean(type_):
            self._feed(path, column.drop_null().cast(pa.uint8()))
        elif not pa.types.is_null(type_):
            self._feed(path, column.drop_null())

    def _feed(self, path: str, fixed: pa.Array) -> None:
        """Add values of a type of fixed width, without nulls."""
        values = fixed.buffers()[1]
        if len(fixed) and values is not None:
            width = fixed.type.bit_width // 8
            self._hash(path).update(memoryview(values)[fixed.offset * width : (fixed.offset + len(fixed)) * width])

    def _hash(self, path: str) -> Any:
        return self._hashes.setdefault(path, hashlib.sha256())


def digest_of_rows(rows: pa.Table) -> str:
    digest = RowDigest(rows.schema)
    for batch in rows.to_batches():
        digest.add(batch)
    return digest.hexdigest()


def _lists(column: pa.Array) -> pa.Array:
    """The lists of a column; maps are lists of structs."""
    if not pa.types.is_map(column.type):
        return column
    maps = column.drop_null()
    entries = pa.StructArray.from_arrays([maps.keys, maps.items], ["key", "value"])
    return pa.ListArray.from_arrays(maps.offsets, entries)


def _bytes_of(values: pa.Array) -> memoryview:
    """The bytes of all values of a `large_binary` array, one after the other."""
    _, offsets, data = values.buffers()
    if not len(values) or data is None:
        return memoryview(b"")
    bounds = np.frombuffer(offsets, dtype=np.int64)[values.offset : values.offset + len(values) + 1]
    return memoryview(data)[bounds[0] : bounds[-1]]
