"""Columns as JSON, by Arrow's own functions on whole columns: no value becomes a Python object on the way.

The forms are those of OData JSON Format 4.01, 7: binary is base64url, `INF`, `-INF` and `NaN` are strings, moments are
in UTC. A list that is null is an empty one, since OData has no other.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from supertable.entrypoints.encoding.values import is_list, json_values, texts
from supertable.entrypoints.odata.model.entity_types import Collection, Complex, EdmType, Primitive, Property

_ENCODER = msgspec.json.Encoder(enc_hook=str)
_FIRST_PLAIN, _QUOTE, _BACKSLASH = ord(" "), ord('"'), ord("\\")
"""What JSON escapes, as bytes: these two letters, and all that are before the first plain one."""
_TEXT = pa.string()


@dataclass(frozen=True, slots=True)
class Column:
    """A property of an answer, and what is written around its values. `before`: members that come with it."""

    property: Property
    before: str = ""


def row_texts(
    arrays: Sequence[pa.Array], columns: Sequence[Column], exact: bool, start: str = "", own: pa.Array | None = None
) -> pa.Array:
    """Each row as a JSON object with a comma and a line end before it. There must be a column.

    `start`: members that all rows begin with. `own`: further members of each row; None: there are none. `exact`: 64-bit
    integers and decimals are strings.
    """
    parts: list[pa.Array | str] = []
    literal = ",\n{" + (f"{start}," if start else "")
    if own is not None:
        parts += [literal, own]
        literal = ","
    for array, column in zip(arrays, columns, strict=True):
        members = f"{column.before}," if column.before else ""
        literal += f"{members}{msgspec.json.encode(column.property.name).decode()}:"
        parts += [literal, property_texts(array, column.property, exact)]
        literal = ","
    return pc.binary_join_element_wise(*parts, "}", "")


def text_bytes(array: pa.StringArray) -> memoryview:
    """The texts of an array, one after the other, uncopied."""
    if not len(array):
        return memoryview(b"")
    _, offsets, data = array.buffers()
    found = pa.Array.from_buffers(pa.int32(), array.offset + len(array) + 1, [None, offsets])
    start, end = found[array.offset].as_py(), found[array.offset + len(array)].as_py()
    return memoryview(data)[start:end] if data is not None else memoryview(b"")


def property_texts(array: pa.Array, each: Property, exact: bool) -> pa.Array:
    """The values of a property as JSON."""
    if each.as_json:
        values = json_values(array)
        return _strings(pa.array([None if v is None else _ENCODER.encode(v).decode() for v in values], _TEXT))
    return _of(array, each.type, exact)


def _of(array: pa.Array, kind: EdmType, exact: bool) -> pa.Array:
    if isinstance(array.type, pa.BaseExtensionType):
        return _of(array.storage, kind, exact)
    if pa.types.is_dictionary(array.type):
        return _of(array.dictionary_decode(), kind, exact)
    if isinstance(kind, Collection):
        return _lists(array, kind, exact)
    if isinstance(kind, Complex):
        return _structs(array, kind, exact)
    return _primitives(array, kind, exact)


def _primitives(array: pa.Array, kind: Primitive, exact: bool) -> pa.Array:
    type_ = array.type
    if pa.types.is_boolean(type_):
        return _or_null(pc.cast(array, _TEXT))
    if pa.types.is_integer(type_):
        as_text = exact and kind.name in ("Edm.Int64", "Edm.Decimal")
        return _quoted(pc.cast(array, _TEXT)) if as_text else _or_null(pc.cast(array, _TEXT))
    if pa.types.is_floating(type_):
        return _floats(array)
    if pa.types.is_decimal(type_):
        return _quoted(_decimals(array)) if exact else _or_null(_decimals(array))
    if pa.types.is_temporal(type_):
        return _quoted(_moments(array))
    if pa.types.is_null(type_):
        return pa.array(["null"] * len(array), _TEXT)
    if _is_text(type_):
        return _strings(pc.cast(array, _TEXT))
    return _quoted(_base64(array))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _base64(array: pa.Array) -> pa.Array:
    return pa.array([None if v is None else base64.urlsafe_b64encode(v).decode() for v in array.to_pylist()], _TEXT)


def _floats(array: pa.Array) -> pa.Array:
    narrow = pa.types.is_float16(array.type)
    values = pc.cast(array, pa.float32()) if narrow else array
    found = pc.cast(values, _TEXT)
    finite = pc.fill_null(pc.is_finite(values), True)
    if pc.all(finite).as_py() is not False:
        return _or_null(found)
    named = pc.case_when(
        pc.make_struct(pc.fill_null(pc.is_nan(values), False), pc.fill_null(pc.greater(values, 0), False)),
        '"NaN"',
        '"INF"',
        '"-INF"',
    )
    return _or_null(pc.if_else(finite, found, named))


def _decimals(array: pa.Array) -> pa.Array:
    """Digits alone: an exponent would be valid JSON, but OData allows none by default."""
    found = pc.cast(array, _TEXT)
    if not pc.any(pc.match_substring(found, "E")).as_py():
        return found
    return pa.array([None if value is None else f"{value:f}" for value in array.to_pylist()], _TEXT)


def _moments(array: pa.Array) -> pa.Array:
    """Dates, times and timestamps; these in UTC, also without a zone."""
    type_ = array.type
    if pa.types.is_interval(type_) or pa.types.is_duration(type_):
        return pa.array(texts(array), _TEXT)
    stamp = pa.types.is_timestamp(type_)
    naive = pc.cast(array, pa.timestamp(type_.unit)) if stamp and type_.tz else array
    found = pc.cast(naive, _TEXT)
    if pc.any(pc.starts_with(found, "<")).as_py():
        found = pa.array([None if text is None else text.removesuffix("Z") for text in texts(naive)], _TEXT)
    elif not pa.types.is_date(type_) and type_.unit != "s":
        found = pc.ascii_rtrim(pc.ascii_rtrim(found, "0"), ".")
    if not stamp:
        return found
    return pc.binary_join_element_wise(pc.replace_substring(found, " ", "T", max_replacements=1), "Z", "")


def _strings(array: pa.Array) -> pa.Array:
    letters = np.frombuffer(text_bytes(array), np.uint8)
    if not ((letters < _FIRST_PLAIN) | (letters == _QUOTE) | (letters == _BACKSLASH)).any():
        return _quoted(array)
    return _or_null(pa.array([None if v is None else _ENCODER.encode(v).decode() for v in array.to_pylist()], _TEXT))


def _quoted(array: pa.Array) -> pa.Array:
    return _or_null(pc.binary_join_element_wise('"', array, '"', ""))


def _or_null(array: pa.Array) -> pa.Array:
    return pc.fill_null(array, "null") if array.null_count else array


def _structs(array: pa.StructArray, kind: Complex, exact: bool) -> pa.Array:
    found = members_texts(array.flatten(), kind.properties, exact)
    if not array.null_count:
        return found
    return pc.if_else(array.is_valid(), found, "null")


def members_texts(arrays: Iterable[pa.Array], properties: Sequence[Property], exact: bool) -> pa.Array:
    """Objects of the values of properties, one for each row."""
    parts: list[pa.Array | str] = []
    for array, each in zip(arrays, properties, strict=True):
        name = msgspec.json.encode(each.name).decode()
        parts += [("," if parts else "{") + name + ":", property_texts(array, each, exact)]
    return pc.binary_join_element_wise(*parts, "}", "")


def _lists(array: pa.Array, kind: Collection, exact: bool) -> pa.Array:
    if not is_list(array.type):
        return pa.array(["[]"] * len(array), _TEXT)
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    ends = pc.cumulative_sum(pc.cast(lengths, pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    elements = _of(pc.list_flatten(array), kind.element, exact)
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, elements), ",")
    return pc.binary_join_element_wise("[", joined, "]", "")
