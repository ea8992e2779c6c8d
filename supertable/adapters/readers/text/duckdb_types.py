"""DuckDB's names of Arrow types, for columns whose type is known before the file is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

_SIMPLE = {
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.uint8(): "UTINYINT",
    pa.uint16(): "USMALLINT",
    pa.uint32(): "UINTEGER",
    pa.uint64(): "UBIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.large_string(): "VARCHAR",
    pa.string_view(): "VARCHAR",
    pa.date32(): "DATE",
    pa.time64("us"): "TIME",
    pa.timestamp("s"): "TIMESTAMP_S",
    pa.timestamp("ms"): "TIMESTAMP_MS",
    pa.timestamp("us"): "TIMESTAMP",
    pa.timestamp("ns"): "TIMESTAMP_NS",
}


def known_types(columns: Iterable[str], types: Mapping[str, pa.DataType]) -> dict[str, str]:
    """The DuckDB type of each column that `types` names, ignoring case. Types that DuckDB cannot read are left out."""
    by_name = {name.lower(): type_ for name, type_ in types.items()}
    found = {name: duckdb_type(by_name[name.lower()]) for name in columns if name.lower() in by_name}
    return {name: type_ for name, type_ in found.items() if type_ is not None}


def duckdb_type(type_: pa.DataType) -> str | None:
    """None: DuckDB has no such type, or cannot read it from text."""
    if pa.types.is_dictionary(type_):
        return duckdb_type(type_.value_type)
    if pa.types.is_decimal128(type_) and type_.scale >= 0:
        return f"DECIMAL({type_.precision},{type_.scale})"
    if pa.types.is_timestamp(type_) and type_.tz is not None:
        return "TIMESTAMP WITH TIME ZONE"
    return _SIMPLE.get(type_)
