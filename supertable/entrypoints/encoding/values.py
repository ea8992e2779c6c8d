"""Arrow values as text and as JSON, without loss: all digits, zones and bytes are kept, and NaN differs from null.

Decimals keep all digits. Timestamps with a zone are written in UTC, with a Z. Binary values are base64. Structs are
objects, and so are maps with text keys. NaN and infinities are the strings of Protocol Buffers' JSON mapping.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from supertable.entrypoints.encoding.far_moments import readable

_ENCODER = msgspec.json.Encoder(enc_hook=str)
_NONFINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def json_records(batch: pa.RecordBatch) -> list[bytes]:
    """One encoded JSON object per row."""
    names = batch.schema.names
    columns = [json_values(column) for column in batch.columns]
    rows = zip(*columns, strict=True) if columns else ()
    return [_ENCODER.encode(dict(zip(names, row, strict=True))) for row in rows]


def json_values(array: pa.Array) -> list[Any]:
    """For each value, the object that msgspec encodes as its JSON; None for a null."""
    type_ = array.type
    if isinstance(type_, pa.ExtensionType | pa.BaseExtensionType):
        return json_values(array.storage)
    if pa.types.is_dictionary(type_):
        return json_values(array.dictionary_decode())
    if pa.types.is_struct(type_):
        return _structs(array)
    if pa.types.is_map(type_):
        return _maps(array)
    if is_list(type_):
        return list_values(array, json_values)
    return _scalars(array)


def cells(array: pa.Array) -> list[str | None]:
    """For each value, the text to show to people; None for a null. Nested values are JSON, binary is hexadecimal."""
    type_ = array.type
    if pa.types.is_nested(type_) or pa.types.is_dictionary(type_):
        if pa.types.is_dictionary(type_):
            return cells(array.dictionary_decode())
        return [None if value is None else _ENCODER.encode(value).decode() for value in json_values(array)]
    if _is_binary(type_):
        return [None if value is None else f"0x{value.hex()}" for value in array.to_pylist()]
    if pa.types.is_temporal(type_) or pa.types.is_decimal(type_):
        return texts(array)
    if pa.types.is_boolean(type_):
        return [None if value is None else str(value).lower() for value in _python_values(array)]
    return [None if value is None else str(value) for value in _shortest(array)]


def value_text(array: pa.Array) -> str | None:
    """The text of the one value of an array that is not nested, as in JSON but without quotes; None for a null."""
    (value,) = json_values(array)
    if value is None or isinstance(value, str):
        return value
    return _ENCODER.encode(value + 0.0 if isinstance(value, float) else value).decode()  # -0.0 equals 0.0


def csv_column(array: pa.Array) -> pa.Array:
    """The column in a type that CSV supports: nested values as JSON text, binary as base64, others unchanged."""
    type_ = array.type
    if pa.types.is_dictionary(type_):
        return csv_column(array.dictionary_decode())
    if pa.types.is_nested(type_):
        return pa.array(cells(array), pa.string())
    if _is_binary(type_):
        return pa.array(json_values(array), pa.string())
    if pa.types.is_temporal(type_) and not pa.types.is_date(type_):
        return pa.array(texts(array), pa.string())
    return array


def _scalars(array: pa.Array) -> list[Any]:
    type_ = array.type
    if pa.types.is_decimal(type_):
        return [
            None if text is None else msgspec.Raw(text.encode()) for text in pc.cast(array, pa.string()).to_pylist()
        ]
    if pa.types.is_floating(type_):
        return [_json_float(value) for value in _shortest(array)]
    if pa.types.is_temporal(type_):
        return [None if text is None else text.replace(" ", "T", 1) for text in texts(array)]
    if _is_binary(type_):
        return [None if value is None else base64.b64encode(value).decode() for value in array.to_pylist()]
    return _python_values(array)


def _json_float(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else _NONFINITE[str(value)]


def _shortest(array: pa.Array) -> list[Any]:
    """Python values. Narrow floats are the shortest number that identifies them: 0.1, not 0.10000000149."""
    if pa.types.is_float32(array.type) or pa.types.is_float16(array.type):
        texts = pc.cast(array.cast(pa.float32()), pa.string())
        return [None if text is None else float(text) for text in texts.to_pylist()]
    return _python_values(array)


def _python_values(array: pa.Array) -> list[Any]:
    values: list[Any] = array.to_pylist()
    return values


def texts(array: pa.Array) -> list[str | None]:
    """Temporal and decimal values as text."""
    type_ = array.type
    if pa.types.is_interval(type_):
        return [None if value is None else _iso_interval(*value) for value in array.to_pylist()]
    if pa.types.is_duration(type_):
        return [None if count is None else f"{count} {type_.unit}" for count in array.cast(pa.int64()).to_pylist()]
    zoned = pa.types.is_timestamp(type_) and type_.tz is not None
    naive = array.cast(pa.timestamp(type_.unit)) if zoned else array
    texts = pc.cast(naive, pa.string())
    if not pa.types.is_date(type_) and not pa.types.is_decimal(type_):
        texts = pc.replace_substring_regex(texts, r"\.?0+$", "") if _has_fraction(type_) else texts
        texts = pc.binary_join_element_wise(texts, "Z", "") if zoned else texts
    result: list[str | None] = texts.to_pylist()
    return readable(result, type_) if pc.any(pc.starts_with(texts, "<")).as_py() else result


def _iso_interval(months: int, days: int, nanoseconds: int) -> str:
    """A duration in ISO 8601 format, like `P1M3DT0.5S`."""
    seconds, fraction = divmod(abs(nanoseconds), 1_000_000_000)
    sign = "-" if nanoseconds < 0 else ""
    digits = f".{fraction:09d}".rstrip("0").rstrip(".")
    return f"P{months}M{days}DT{sign}{seconds}{digits}S"


def _has_fraction(type_: pa.DataType) -> bool:
    return getattr(type_, "unit", "s") != "s"


def _structs(array: pa.StructArray) -> list[Any]:
    names = [field.name for field in array.type]
    columns = [json_values(column) for column in array.flatten()]
    rows = zip(*columns, strict=True) if columns else ((),) * len(array)
    return [
        dict(zip(names, row, strict=True)) if valid else None
        for row, valid in zip(rows, array.is_valid().to_pylist(), strict=True)
    ]


def list_values(array: pa.Array, values_of: Callable[[pa.Array], list[Any]]) -> list[Any]:
    """The lists of an array of lists, with the elements that `values_of` makes; None for a null."""
    lengths = pc.list_value_length(array).to_pylist()
    values = iter(values_of(pc.list_flatten(array)))
    return [None if length is None else [next(values) for _ in range(length)] for length in lengths]


def map_entries(array: pa.MapArray) -> pa.ListArray:
    """The maps that are not null, as lists of structs of `key` and `value`."""
    maps = array.drop_null()
    entries = pa.StructArray.from_arrays([maps.keys, maps.items], ["key", "value"])
    return pa.ListArray.from_arrays(maps.offsets, entries)


def _maps(array: pa.MapArray) -> list[Any]:
    pairs = list_values(map_entries(array), json_values)
    if pa.types.is_string(array.type.key_type):
        pairs = [{pair["key"]: pair["value"] for pair in row} for row in pairs]
    rows = iter(pairs)
    return [next(rows) if valid else None for valid in array.is_valid().to_pylist()]


def is_list(type_: pa.DataType) -> bool:
    """Whether it is a type of lists, of any kind."""
    return bool(
        pa.types.is_list(type_)
        or pa.types.is_large_list(type_)
        or pa.types.is_fixed_size_list(type_)
        or pa.types.is_list_view(type_)
        or pa.types.is_large_list_view(type_)
    )


def _is_binary(type_: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(type_)
        or pa.types.is_large_binary(type_)
        or pa.types.is_fixed_size_binary(type_)
        or pa.types.is_binary_view(type_)
    )
