"""What Arrow arrays hold besides their values: extension types and encodings."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The values without an extension type and run-end encoding, which `cast` cannot undo."""
    if isinstance(column.type, pa.BaseExtensionType):
        return plain(column.cast(column.type.storage_type))
    return pc.run_end_decode(column) if pa.types.is_run_end_encoded(column.type) else column


def decoded(column: pa.Array) -> pa.Array:
    """The values without a dictionary, an extension type and run-end encoding."""
    column = plain(column)
    if not pa.types.is_dictionary(column.type):
        return column
    values = column.dictionary
    if is_view(values.type):  # Arrow takes no views
        values = values.cast(pa.large_string() if pa.types.is_string_view(values.type) else pa.large_binary())
    return decoded(pa.DictionaryArray.from_arrays(column.indices, values).dictionary_decode())


def plain_type(type_: pa.DataType) -> pa.DataType:
    """The type of the same values without dictionaries and run-end encoding, at every depth."""
    return with_leaves(type_, lambda leaf: leaf)


def with_leaves(type_: pa.DataType, change: Callable[[pa.DataType], pa.DataType]) -> pa.DataType:
    """The plain type, with the types that are not nested changed, at every depth."""

    def field(given: pa.Field) -> pa.Field:
        return given.with_type(with_leaves(given.type, change))

    if pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_):
        return with_leaves(type_.value_type, change)
    if pa.types.is_struct(type_):
        return pa.struct([field(member) for member in type_])
    if pa.types.is_map(type_):
        return pa.map_(field(type_.key_field), field(type_.item_field), type_.keys_sorted)
    if pa.types.is_list(type_):
        return pa.list_(field(type_.value_field))
    if pa.types.is_large_list(type_):
        return pa.large_list(field(type_.value_field))
    return change(type_)


def is_text_or_bytes(type_: pa.DataType) -> bool:
    """Whether each value has a length of its own: strings and binaries, large ones and views too."""
    large = pa.types.is_large_string(type_) or pa.types.is_large_binary(type_)
    return bool(is_view(type_) or large or pa.types.is_string(type_) or pa.types.is_binary(type_))


def is_view(type_: pa.DataType) -> bool:
    """Whether each value points to its text or bytes, which other values may share."""
    return bool(pa.types.is_string_view(type_) or pa.types.is_binary_view(type_))


def readable_field(field: pa.Field) -> pa.Field:
    """The field with the types in which engines read it from a data file: half floats are floats, and timestamps of
    milliseconds are of microseconds, at every depth."""
    return pa.field(field.name, _readable(field.type), metadata=field.metadata)


def _readable(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_timestamp(kind) and kind.unit == "ms":
        return pa.timestamp("us", kind.tz)
    if pa.types.is_list(kind):
        return pa.list_(readable_field(kind.value_field))
    if pa.types.is_map(kind):
        return pa.map_(readable_field(kind.key_field).with_nullable(False), readable_field(kind.item_field))
    return pa.struct([readable_field(part) for part in kind]) if pa.types.is_struct(kind) else kind
