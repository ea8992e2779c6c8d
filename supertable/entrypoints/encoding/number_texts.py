"""64-bit integers and decimals as text, for JSON that is read by clients whose numbers are doubles."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa


def numbers_as_text(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same rows, in which 64-bit integers and decimals are text, also in lists, structs and maps."""
    schema = pa.schema([field.with_type(_type(field.type)) for field in reader.schema])
    if schema.types == reader.schema.types:
        return reader

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            yield pa.RecordBatch.from_arrays([array_as_text(column) for column in batch.columns], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def array_as_text(array: pa.Array) -> pa.Array:
    """The same values, in which 64-bit integers and decimals are text."""
    return array.cast(_type(array.type))


def _type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_int64(kind) or pa.types.is_uint64(kind) or pa.types.is_decimal(kind):
        return pa.string()
    if pa.types.is_dictionary(kind):
        return _type(kind.value_type)
    if pa.types.is_struct(kind):
        return pa.struct([_field(kind.field(number)) for number in range(kind.num_fields)])
    if pa.types.is_map(kind):
        return pa.map_(_field(kind.key_field), _field(kind.item_field))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(_field(kind.value_field), kind.list_size)
    if pa.types.is_large_list(kind):
        return pa.large_list(_field(kind.value_field))
    return pa.list_(_field(kind.value_field)) if pa.types.is_list(kind) else kind


def _field(field: pa.Field) -> pa.Field:
    return field.with_type(_type(field.type))
