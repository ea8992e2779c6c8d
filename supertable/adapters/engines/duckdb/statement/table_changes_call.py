"""Calls of `table_changes('table', after, up_to)`: their arguments, and the table reference that replaces them."""

from __future__ import annotations

from typing import Any

from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.application.ports.engines import ChangesRequest
from supertable.domain.errors import StatementRefused

TABLE_CHANGES = "table_changes"
_USAGE = (
    "table_changes takes a table's name and one or two version numbers, as constants: "
    "table_changes('orders', 3) for all changes after version 3, table_changes('orders', 3, 5) for those up to 5."
)


def is_changes_call(node: Node) -> bool:
    function = node.get("function")
    return (
        node.get("type") == "TABLE_FUNCTION"
        and isinstance(function, dict)
        and str(function.get("function_name")).lower() == TABLE_CHANGES
    )


def replace_by_reference(node: Node) -> tuple[tuple[str, ...], ChangesRequest]:
    """Turns the call into a table reference, and returns the parts of the table's name and the requested changes.

    Raises `StatementRefused` for invalid arguments.
    """
    arguments = node["function"].get("children") or []
    if not 2 <= len(arguments) <= 3 or node.get("with_ordinality") not in (None, False, "WITHOUT_ORDINALITY"):
        raise StatementRefused(_USAGE)
    name = _literal(arguments[0], "VARCHAR")
    after, *rest = (_literal(argument, "INTEGER", "BIGINT") for argument in arguments[1:])
    parts = tuple(name.split("."))
    if min(after, *rest, 0) < 0 or not 1 <= len(parts) <= 3:
        raise StatementRefused(_USAGE)
    kept = {key: node[key] for key in ("alias", "sample", "query_location", "column_name_alias")}
    node.clear()
    node.update(kept, type="BASE_TABLE", catalog_name="", schema_name="", table_name=TABLE_CHANGES, at_clause=None)
    return parts, ChangesRequest(after, rest[0] if rest else None)


def _literal(node: Node, *types: str) -> Any:
    """The value of a literal of one of the types. The tree holds the digits of `1.5` as the number 15."""
    found = node.get("class") == "CONSTANT" and not node["value"]["is_null"]
    if not found or node["value"]["type"]["id"] not in types:
        raise StatementRefused(_USAGE)
    return node["value"]["value"]
