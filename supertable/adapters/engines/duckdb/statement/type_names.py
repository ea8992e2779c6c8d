"""The types that a statement may name, and DuckDB's one name for the many names of a type."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, literal_text, name_parts

_NAMES = {
    "BIGINT": "bigint int8 int64 long oid",
    "BIGNUM": "bignum varint",
    "BIT": "bit bitstring",
    "BLOB": "blob bytea varbinary binary",
    "BOOLEAN": "boolean bool logical",
    "DATE": "date",
    "DECIMAL": "decimal numeric dec",
    "DOUBLE": "double float8",
    "FLOAT": "float real float4",
    "GEOMETRY": "geometry",
    "HUGEINT": "hugeint int128",
    "INTEGER": "integer int int4 int32 integral signed",
    "INTERVAL": "interval",
    "JSON": "json",
    "SMALLINT": "smallint int2 int16 short",
    "TIME": "time",
    "TIME WITH TIME ZONE": "timetz",
    "TIMESTAMP": "timestamp datetime timestamp_us",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TIMESTAMPTZ_NS": "timestamptz_ns",
    "TIMESTAMP_MS": "timestamp_ms",
    "TIMESTAMP_NS": "timestamp_ns",
    "TIMESTAMP_S": "timestamp_s",
    "TIME_NS": "time_ns",
    "TINYINT": "tinyint int1",
    "UBIGINT": "ubigint uint64",
    "UHUGEINT": "uhugeint uint128",
    "UINTEGER": "uinteger uint32",
    "USMALLINT": "usmallint uint16",
    "UTINYINT": "utinyint uint8",
    "UUID": "uuid guid",
    "VARCHAR": "varchar char bpchar text string nvarchar",
    "VARIANT": "variant",
}
_CANONICAL = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_CANONICAL |= {kind.lower(): kind for kind in _NAMES}
_NESTED = frozenset({"array", "enum", "list", "map", "row", "struct", "tuple", "union"})
_DEFAULT_DECIMAL = (18, 3)


def canonical(name: str) -> str | None:
    """DuckDB's own name of the type `name`; of a nested type, its name in lower case. None for unknown types."""
    lower = name.lower()
    return lower if lower in _NESTED else _CANONICAL.get(lower)


def scalar_type(node: Node) -> str:
    """DuckDB's name for a type without parameters, such as DATE; empty for other types. A text's length is ignored."""
    name = _own_name(node) or ""
    plain = not node["children"] or (name == "VARCHAR" and _numbers(node) is not None)
    return name if plain and name not in _NESTED and name != "DECIMAL" else ""


def decimal_type(node: Node) -> tuple[int, int] | None:
    """The precision and scale of a DECIMAL type; None for other types."""
    numbers = _numbers(node) if _own_name(node) == "DECIMAL" else None
    if numbers is None or len(numbers) > len(_DEFAULT_DECIMAL):
        return None
    if not numbers:
        return _DEFAULT_DECIMAL
    return numbers[0], numbers[1] if len(numbers) > 1 else 0


def _own_name(node: Node) -> str | None:
    known = node["class"] == "TYPE" and name_parts(node) == [node["type_name"]]
    return canonical(node["type_name"]) if known else None


def _numbers(node: Node) -> list[int] | None:
    texts = [literal_text(child, "INTEGER") for child in node["children"]]
    return [int(text) for text in texts if text] if all(text and text.isdecimal() for text in texts) else None
