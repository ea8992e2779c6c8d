"""The types of columns, by the names that SQL gives them: the inverse of `types.duckdb_type`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.adapters.engines.duckdb.statement.parser import parse_tree
from supertable.adapters.engines.duckdb.statement.type_names import canonical, decimal_type, scalar_type
from supertable.domain.errors import InvalidStatement, StatementRefused
from supertable.domain.schema.new_fields import MAX_DEPTH
from supertable.domain.schema.schemas import UNASSIGNED
from supertable.domain.schema.types import MAX_DECIMAL_PRECISION, DataType, Field

_SCALARS: Mapping[str, DataType] = {
    "BIGINT": DataType("int64"),
    "BLOB": DataType("binary"),
    "BOOLEAN": DataType("bool"),
    "DATE": DataType("date"),
    "DOUBLE": DataType("float64"),
    "FLOAT": DataType("float32"),
    "INTEGER": DataType("int32"),
    "SMALLINT": DataType("int16"),
    "TIME": DataType("time", unit="us"),
    "TIMESTAMP": DataType("timestamp", unit="us"),
    "TIMESTAMP WITH TIME ZONE": DataType("timestamp", unit="us", timezone="UTC"),
    "TIMESTAMP_MS": DataType("timestamp", unit="ms"),
    "TIMESTAMP_NS": DataType("timestamp", unit="ns"),
    "TINYINT": DataType("int8"),
    "UBIGINT": DataType("uint64"),
    "UINTEGER": DataType("uint32"),
    "USMALLINT": DataType("uint16"),
    "UTINYINT": DataType("uint8"),
    "VARCHAR": DataType("string"),
}
_HINTS: Mapping[str, str] = {
    "ARRAY": "Use a list, such as DOUBLE[].",
    "ENUM": "Use VARCHAR.",
    "HUGEINT": "Use DECIMAL(38, 0).",
    "INTERVAL": "Use BIGINT, with the unit in the column's name.",
    "JSON": "Use VARCHAR.",
    "TIMESTAMP_S": "Use TIMESTAMP_MS.",
    "UHUGEINT": "Use DECIMAL(38, 0).",
    "UUID": "Use VARCHAR.",
}
_PREFIX = "SELECT CAST(NULL AS\n"


def column_type(cursor: duckdb.DuckDBPyConnection, text: str) -> DataType:
    """The type that the text names, as in `CAST(x AS …)`. Raises `InvalidStatement` and `StatementRefused`."""
    plain, _ = parse_tree(cursor, f"{_PREFIX}INTEGER)")
    tree, _ = parse_tree(cursor, f"{_PREFIX}{text})", _PREFIX)
    found = _type_of(tree)
    if found is None or _type_of(plain) is None or _without_type(tree) != _without_type(plain):
        raise InvalidStatement(f"{text.strip()!r} is not a type.")
    return _data_type(found, 0)


def _type_of(tree: Node) -> Node | None:
    items: Sequence[Node] = tree["node"].get("select_list", ())
    kind: Node | None = items[0].get("type_expr") if len(items) == 1 else None
    return kind


def _without_type(tree: Node) -> Node:
    """The statement without the type, and without its place in the text."""
    (item,) = tree["node"]["select_list"]
    left_out = {"type_expr", "query_location", "query_location_length"}
    bare = {key: value for key, value in item.items() if key not in left_out}
    return {**tree, "node": {**tree["node"], "select_list": [bare]}}


def _data_type(node: Node, depth: int) -> DataType:
    if depth > MAX_DEPTH:
        raise StatementRefused(f"A type is nested more than {MAX_DEPTH} levels deep.")
    if node["class"] != "TYPE":
        raise StatementRefused("A type has an unknown form.")
    known = _SCALARS.get(scalar_type(node))
    decimal = decimal_type(node)
    if known is not None:
        return known
    if decimal is not None:
        return _decimal(*decimal)
    name = (canonical(node["type_name"]) or node["type_name"]).upper()
    parts = [(child.get("alias") or "", child) for child in node["children"]]
    match name:
        case "LIST" if len(parts) == 1:
            return DataType("list", fields=(_part("element", parts[0][1], depth),))
        case "MAP" if len(parts) == 2:
            key, value = (_part(role, part, depth) for role, (_, part) in zip(("key", "value"), parts, strict=True))
            return DataType("map", fields=(Field(UNASSIGNED, "key", key.type, nullable=False), value))
        case "STRUCT" | "ROW" if parts and all(alias for alias, _ in parts):
            return DataType("struct", fields=tuple(_part(alias, part, depth) for alias, part in parts))
    raise StatementRefused(f"Tables have no type {name}. {_HINTS.get(name, '')}".strip())


def _part(name: str, node: Node, depth: int) -> Field:
    return Field(UNASSIGNED, name, _data_type(node, depth + 1))


def _decimal(precision: int, scale: int) -> DataType:
    if not 1 <= precision <= MAX_DECIMAL_PRECISION or scale > precision:
        raise InvalidStatement(f"A DECIMAL has up to {MAX_DECIMAL_PRECISION} digits, and no more decimals than digits.")
    return DataType("decimal", precision=precision, scale=scale)
