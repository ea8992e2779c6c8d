"""The types in which Spark reads columns of data files, and SQL that makes of them what its views carry.

What views carry is in `translation.kinds`: times are microseconds, timestamps of nanoseconds are integers, and the
members of structs are named by their position.
"""

from __future__ import annotations

from dataclasses import replace

from supertable.adapters.engines.spark.translation.kinds import member
from supertable.domain.schema.types import DataType

_READ = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INT",
    "int64": "BIGINT",
    "uint8": "SMALLINT",
    "uint16": "INT",
    "uint32": "BIGINT",
    "uint64": "DECIMAL(20,0)",
    "float16": "BINARY",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "string": "STRING",
    "binary": "BINARY",
    "date": "DATE",
}
_CARRIED = {**_READ, "float16": "FLOAT", "time": "BIGINT"}
_DAY_NS = 86_400_000_000_000


def name(column: str) -> str:
    """A quoted identifier."""
    return "`" + column.replace("`", "``") + "`"


def text(value: str) -> str:
    """A literal of ASCII text of ours, such as a path."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def read_type(kind: DataType) -> str:
    """The type in which Spark reads the column from a file."""
    if kind.name == "time":
        return "INT" if kind.unit == "ms" else "BIGINT"
    if kind.name in _READ:
        return _READ[kind.name]
    if kind.fields and kind.name == "struct":
        return f"STRUCT<{', '.join(f'{name(part.name)}: {read_type(part.type)}' for part in kind.fields)}>"
    return _nested(kind, [read_type(part.type) for part in kind.fields])


def carried_type(kind: DataType) -> str:
    """The type that the column has in a view."""
    if kind.name in _CARRIED:
        return _CARRIED[kind.name]
    parts = [carried_type(part.type) for part in kind.fields]
    if kind.name == "struct":
        return f"STRUCT<{', '.join(f'{member(place)}: {part}' for place, part in enumerate(parts))}>"
    return _nested(kind, parts)


def _nested(kind: DataType, parts: list[str]) -> str:
    match kind.name:
        case "decimal":
            return f"DECIMAL({kind.precision},{kind.scale})"
        case "timestamp":
            return "TIMESTAMP" if kind.timezone else "BIGINT" if kind.unit == "ns" else "TIMESTAMP_NTZ"
        case "list":
            return f"ARRAY<{parts[0]}>"
        case _:
            return f"MAP<{parts[0]}, {parts[1]}>"


def carried(value: str, old: DataType, new: DataType, depth: int = 0) -> str:
    """SQL that makes of a value, read as the type `old`, the value of a view's column of the type `new`.

    Parts of nested values are matched by their ids.
    """
    if new.fields:
        return _carried_parts(value, old, new, depth)
    if old.name == "float16":
        value = _half(value)
    if new.name == "time":
        return _microseconds(value, old)
    if new.name == "timestamp" and new.unit == "ns":
        return _nanoseconds(value, old)
    return value if _source(old) == carried_type(new) else f"CAST({value} AS {carried_type(new)})"


def _source(old: DataType) -> str:
    return "FLOAT" if old.name == "float16" else read_type(old)


def _microseconds(value: str, old: DataType) -> str:
    if old.unit == "us":
        return value
    return f"CAST({value} AS BIGINT) * 1000L" if old.unit == "ms" else f"({value} DIV 1000L)"


def _nanoseconds(value: str, old: DataType) -> str:
    if old.name == "date":
        return f"CAST(unix_date({value}) AS BIGINT) * {_DAY_NS}L"
    return value if old.unit == "ns" else f"unix_micros(CAST({value} AS TIMESTAMP)) * 1000L"


def _half(value: str) -> str:
    """The number of the two bytes of a half float."""
    bits = f"CAST(conv(hex(concat(substring({value}, 2, 1), substring({value}, 1, 1))), 16, 10) AS INT)"
    exponent, fraction = "((h DIV 1024) % 32)", "(h % 1024)"
    size = (
        f"CASE WHEN {exponent} = 31 THEN CAST(IF({fraction} = 0, 'Infinity', 'NaN') AS DOUBLE) "
        f"WHEN {exponent} = 0 THEN {fraction} * pow(2D, -24) ELSE (1024 + {fraction}) * pow(2D, {exponent} - 25) END"
    )
    number = f"transform(array({bits}), h -> CAST(IF(h >= 32768, -1D, 1D) * {size} AS FLOAT))[0]"
    return f"CASE WHEN {value} IS NOT NULL THEN {number} END"


def _carried_parts(value: str, old: DataType, new: DataType, depth: int) -> str:
    item = f"x{depth}"
    if new.name == "list":
        return f"transform({value}, {item} -> {carried(item, old.fields[0].type, new.fields[0].type, depth + 1)})"
    if new.name == "map":
        parts = zip(("key", "value"), old.fields, new.fields, strict=True)
        key, mapped = (carried(f"{item}.{side}", a.type, b.type, depth + 1) for side, a, b in parts)
        return f"map_from_entries(transform(map_entries({value}), {item} -> struct({key}, {mapped})))"
    before = {part.id: part for part in old.fields}
    members = []
    for place, part in enumerate(new.fields):
        found = before.get(part.id)
        made = (
            carried(f"({value}).{name(found.name)}", found.type, part.type, depth)
            if found
            else f"CAST(NULL AS {carried_type(part.type)})"
        )
        members.append(f"'{member(place)}', {made}")
    return f"CASE WHEN {value} IS NOT NULL THEN named_struct({', '.join(members)}) END"


def inline_type(kind: DataType) -> DataType:
    """The type of a column of rows without an object: see `application.storage.arrow.arrow_encodings`."""
    if kind.name == "float16":
        return DataType("float32")
    if kind.name == "timestamp" and kind.unit == "ms":
        return replace(kind, unit="us")
    return replace(kind, fields=tuple(replace(part, type=inline_type(part.type)) for part in kind.fields))
