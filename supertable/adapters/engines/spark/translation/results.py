"""How answers travel: the types that HiveServer2 carries exactly, and from them the Arrow types that LITE gives.

| DuckDB | travels as |
|---|---|
| whole numbers up to 64 bits, booleans, doubles, text, bytes | themselves |
| UBIGINT, HUGEINT, DECIMAL | text (HiveServer2 sends decimals so) |
| DATE | INT: days since 1970 |
| TIME, TIMESTAMP, TIMESTAMP WITH TIME ZONE | BIGINT: microseconds |
| TIMESTAMP_NS | BIGINT: nanoseconds |
| LIST, STRUCT, MAP | text: JSON with such values, doubles and bytes as text, a MAP as a list of pairs |
| INTERVAL and all other types | refused |
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from supertable.adapters.engines.spark.translation.functions.moments import micros
from supertable.adapters.engines.spark.translation.kinds import FLOATS, Kind, member
from supertable.adapters.engines.spark.translation.refusals import refused

_MICROS = frozenset({"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"})
_AS_TEXT = frozenset({"DECIMAL", "HUGEINT", "UBIGINT"})
_WIRE: Mapping[str, pa.DataType] = {
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "UTINYINT": pa.int16(),
    "USMALLINT": pa.int32(),
    "UINTEGER": pa.int64(),
    "FLOAT": pa.float64(),
    "DOUBLE": pa.float64(),
    "BLOB": pa.binary(),
    "DATE": pa.int32(),
    "TIME": pa.int64(),
    "TIMESTAMP": pa.int64(),
    "TIMESTAMP WITH TIME ZONE": pa.int64(),
    "TIMESTAMP_NS": pa.int64(),
    "NULL": pa.int32(),
}


def sent(value: str, kind: Kind) -> str:
    """A column of the answer as it travels. Raises `NotOnSpark`."""
    if kind.nested:
        return f"to_json(named_struct('v', {_inside(value, kind, 0)}))"
    if kind.name == "DATE":
        return f"unix_date({value})"
    if kind.name in _MICROS:
        return micros(value, kind)
    kind.spark  # noqa: B018 - raises for types that Spark has not
    return f"CAST({value} AS STRING)" if kind.name in _AS_TEXT else value


def wire_type(kind: Kind) -> pa.DataType:
    """The Arrow type in which a column comes from HiveServer2."""
    return pa.string() if kind.nested else _WIRE.get(kind.name, pa.string())


def received(column: pa.Array, kind: Kind, wanted: pa.DataType) -> pa.Array:
    """The column as LITE gives it. `column`: of the type `wire_type(kind)`."""
    if not kind.nested:
        return _scalar(column, wanted)
    if not len(column):
        return pa.array([], wanted)
    rows = b"\n".join(text.as_buffer().to_pybytes() if text.is_valid else b"{}" for text in column)
    options = pa.json.ParseOptions(
        explicit_schema=pa.schema([("v", _json_type(kind))]), unexpected_field_behavior="error"
    )
    reading = pa.json.ReadOptions(use_threads=False, block_size=len(rows) + 1)
    parsed = pa.json.read_json(io.BytesIO(rows), reading, options)
    return _shaped(parsed.column("v").combine_chunks(), kind, wanted)


def _scalar(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    if column.type == wanted:
        return column
    if pa.types.is_null(wanted):
        return pa.nulls(len(column))
    if pa.types.is_temporal(wanted) and pa.types.is_integer(column.type):
        return column.cast(pa.int32() if wanted.bit_width == 32 else pa.int64()).view(wanted)
    if pa.types.is_string(column.type) and pa.types.is_uint64(wanted):
        return column.cast(wanted)
    return column.cast(wanted, safe=not pa.types.is_floating(wanted))


def _inside(value: str, kind: Kind, depth: int) -> str:
    """A value within a nested one."""
    name = f"x{depth}"
    match kind.name:
        case "LIST":
            return f"transform({value}, {name} -> {_inside(name, kind.parts[0], depth + 1)})"
        case "MAP":
            parts = [
                _inside(f"{name}.{side}", part, depth + 1)
                for side, part in zip(("key", "value"), kind.parts, strict=True)
            ]
            return f"transform(map_entries({value}), {name} -> named_struct('f0', {parts[0]}, 'f1', {parts[1]}))"
        case "STRUCT":
            parts = [_inside(f"({value}).{member(i)}", part, depth + 1) for i, part in enumerate(kind.parts)]
            items = ", ".join(f"'{member(i)}', {part}" for i, part in enumerate(parts))
            return f"CASE WHEN {value} IS NOT NULL THEN named_struct({items}) END"
    if kind.name in FLOATS:
        return f"CAST({value} AS STRING)"
    return f"hex({value})" if kind.name == "BLOB" else sent(value, kind)


def _json_type(kind: Kind) -> pa.DataType:
    match kind.name:
        case "LIST":
            return pa.list_(_json_type(kind.parts[0]))
        case "STRUCT" | "MAP":
            members = pa.struct([(member(i), _json_type(part)) for i, part in enumerate(kind.parts)])
            return pa.list_(members) if kind.name == "MAP" else members
    return pa.string() if kind.name in FLOATS | {"BLOB"} else wire_type(kind)


def _shaped(column: pa.Array, kind: Kind, wanted: pa.DataType) -> pa.Array:
    """Nested values with the wanted names and types."""
    match kind.name:
        case "LIST":
            items = _shaped(column.flatten(), kind.parts[0], wanted.value_type)
            return pa.ListArray.from_arrays(_offsets(column), items, type=wanted, mask=column.is_null())
        case "MAP":
            flat = column.flatten()
            keys = _shaped(flat.field(0), kind.parts[0], wanted.key_type)
            items = _shaped(flat.field(1), kind.parts[1], wanted.item_type)
            return pa.MapArray.from_arrays(_offsets(column), keys, items, type=wanted, mask=column.is_null())
        case "STRUCT":
            parts = [_shaped(_member(column, i), part, wanted.field(i).type) for i, part in enumerate(kind.parts)]
            return pa.StructArray.from_arrays(parts, fields=list(wanted), mask=column.is_null())
    if kind.name == "BLOB":
        return _bytes(column).cast(wanted)
    return _scalar(column, wanted)


def _member(column: pa.Array, place: int) -> pa.Array:
    return pc.struct_field(column, [place])


def _offsets(column: pa.Array) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(column), 0).cast(pa.int32())
    return pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])


def _bytes(column: pa.Array) -> pa.Array:
    """The bytes of hexadecimal digits."""
    return pa.array([None if text is None else bytes.fromhex(text) for text in column.to_pylist()], pa.binary())


def check(kinds: Sequence[Kind], schema: pa.Schema) -> None:
    """Raises `NotOnSpark` where the answer has types that do not travel."""
    for kind, field in zip(kinds, schema, strict=True):
        if isinstance(field.type, pa.BaseExtensionType) or pa.types.is_duration(field.type):
            raise refused(f"answers of the type {kind}")
