"""DuckDB's types for columns, as `read_parquet` returns them and as SQL casts to them.

DuckDB has no half floats: they are read as FLOAT, which holds them exactly. It stores times and zoned timestamps in
microseconds: nanoseconds are cut off, seconds and milliseconds are converted.
"""

from __future__ import annotations

from supertable.domain.schema.types import DataType

_PLAIN = {
    "bool": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "float16": "FLOAT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "time": "TIME",
}


def quoted(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def duckdb_type(kind: DataType) -> str:
    """The name of the type in DuckDB's SQL."""
    if kind.name in _PLAIN:
        return _PLAIN[kind.name]
    if kind.name == "decimal":
        return f"DECIMAL({kind.precision},{kind.scale})"
    if kind.name == "timestamp":
        return "TIMESTAMPTZ" if kind.timezone else "TIMESTAMP_NS" if kind.unit == "ns" else "TIMESTAMP"
    parts = [duckdb_type(field.type) for field in kind.fields]
    if kind.name == "list":
        return f"{parts[0]}[]"
    if kind.name == "map":
        return f"MAP({parts[0]}, {parts[1]})"
    members = (f"{quoted(field.name)} {part}" for field, part in zip(kind.fields, parts, strict=True))
    return f"STRUCT({', '.join(members)})"


def converted(expression: str, old: DataType, new: DataType, depth: int = 0) -> str:
    """SQL that converts a value of the type `old` to `new`. Nested fields are matched by their ids."""
    if _same(old, new):
        return expression
    if not new.fields:
        return f"CAST({expression} AS {duckdb_type(new)})"
    item = f"st_item_{depth}"
    if new.name == "list":
        element = converted(item, old.fields[0].type, new.fields[0].type, depth + 1)
        return f"list_transform({expression}, lambda {item}: {element})"
    if new.name == "map":
        key, value = (
            converted(f"{item}.{part}", before.type, after.type, depth + 1)
            for part, before, after in zip(("key", "value"), old.fields, new.fields, strict=True)
        )
        entries = f"list_transform(map_entries({expression}), lambda {item}: row({key}, {value}))"
        return f"CASE WHEN {expression} IS NOT NULL THEN map_from_entries({entries}) END"
    return _converted_struct(expression, old, new, depth)


def _converted_struct(expression: str, old: DataType, new: DataType, depth: int) -> str:
    before = {field.id: field for field in old.fields}
    members = []
    for field in new.fields:
        source = before.get(field.id)
        value = (
            converted(f"struct_extract({expression}, {literal(source.name)})", source.type, field.type, depth + 1)
            if source
            else f"NULL::{duckdb_type(field.type)}"
        )
        members.append(f"{quoted(field.name)} := {value}")
    return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({', '.join(members)}) END"


def _same(old: DataType, new: DataType) -> bool:
    """Whether DuckDB reads both as the same type, with the same fields in the same order."""
    if not new.fields:
        return duckdb_type(old) == duckdb_type(new)
    return (
        old.name == new.name
        and [(field.id, field.name) for field in old.fields] == [(field.id, field.name) for field in new.fields]
        and all(_same(before.type, after.type) for before, after in zip(old.fields, new.fields, strict=True))
    )
