"""Calls of `table_changes('table', after, up_to)`: their arguments, and the table reference that replaces them."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, arguments, literal_text, set_name
from supertable.application.ports.engines import ChangesRequest
from supertable.domain.errors import StatementRefused

TABLE_CHANGES = "table_changes"
_NO_ORDINALITY = "WITHOUT_ORDINALITY"
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
    given = node["function"]["arguments"]
    if not 2 <= len(given) <= 3 or any(one["name"] for one in given) or node["with_ordinality"] != _NO_ORDINALITY:
        raise StatementRefused(_USAGE)
    name, *versions = arguments(node["function"])
    text = literal_text(name, "STRING")
    after, *rest = map(_version, versions)
    parts = tuple(text.split(".")) if text is not None else ()
    if not 1 <= len(parts) <= 3:
        raise StatementRefused(_USAGE)
    kept = {key: node[key] for key in ("alias", "sample", "column_name_alias")}
    node.clear()
    node.update(kept, type="BASE_TABLE", at_clause=None)
    set_name(node, TABLE_CHANGES)
    return parts, ChangesRequest(after, rest[0] if rest else None)


def _version(node: Node) -> int:
    text = literal_text(node, "INTEGER")
    if text is None or not text.isdecimal():
        raise StatementRefused(_USAGE)
    return int(text)
