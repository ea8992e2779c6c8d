"""What Arrow arrays hold besides their values: extension types and encodings."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def plain(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """The values without an extension type and run-end encoding, which `cast` cannot undo."""
    if isinstance(column.type, pa.BaseExtensionType):
        return plain(column.cast(column.type.storage_type))
    return pc.run_end_decode(column) if pa.types.is_run_end_encoded(column.type) else column


def plain_type(type_: pa.DataType) -> pa.DataType:
    """The type of the same values without dictionaries and run-end encoding, at every depth."""
    if pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_):
        return plain_type(type_.value_type)
    if pa.types.is_struct(type_):
        return pa.struct([_plain_field(field) for field in type_])
    if pa.types.is_map(type_):
        return pa.map_(_plain_field(type_.key_field), _plain_field(type_.item_field), type_.keys_sorted)
    if pa.types.is_list(type_):
        return pa.list_(_plain_field(type_.value_field))
    if pa.types.is_large_list(type_):
        return pa.large_list(_plain_field(type_.value_field))
    return type_


def is_text_or_bytes(type_: pa.DataType) -> bool:
    """Whether each value has a length of its own: strings and binaries, large ones and views too."""
    large = pa.types.is_large_string(type_) or pa.types.is_large_binary(type_)
    return bool(is_view(type_) or large or pa.types.is_string(type_) or pa.types.is_binary(type_))


def is_view(type_: pa.DataType) -> bool:
    """Whether each value points to its text or bytes, which other values may share."""
    return bool(pa.types.is_string_view(type_) or pa.types.is_binary_view(type_))


def _plain_field(field: pa.Field) -> pa.Field:
    return field.with_type(plain_type(field.type))
