"""Calls of `table_changes('table', after, up_to)` and `table_versions('table')`, and references that replace them."""

from __future__ import annotations

import re

from supertable.adapters.engines.duckdb.statement.parse_tree import (
    Node,
    arguments,
    literal_text,
    replace_by_table,
    set_name,
)
from supertable.application.ports.engines.parsed_statements import ChangesRequest
from supertable.domain.errors import StatementRefused

TABLE_CHANGES = "table_changes"
TABLE_VERSIONS = "table_versions"
_NO_ORDINALITY = "WITHOUT_ORDINALITY"
_CHANGES_USAGE = (
    "table_changes takes a table's name and one or two version numbers, as constants: "
    "table_changes('orders', 3) for all changes after version 3, table_changes('orders', 3, 5) for those up to 5."
)
_VERSIONS_USAGE = (
    "table_versions takes a table's name, and up to two version numbers, as constants: table_versions('orders') for "
    "all versions, table_versions('orders', 3) for those after version 3, table_versions('orders', 3, 5) up to 5."
)
_NAME = r'(?:[A-Za-z0-9_]+|"[A-Za-z0-9_]+")'
_SHOW_VERSIONS = re.compile(r"\s*show\s+versions\s+(?:of|from|in)\b(.*)", re.IGNORECASE | re.DOTALL | re.ASCII)
_TABLE = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME}){{0,2}})\s*;?\s*", re.ASCII)


def with_versions_call(sql: str) -> str:
    """`SHOW VERSIONS FROM table` as a query of `table_versions`; other statements unchanged."""
    shown = _SHOW_VERSIONS.fullmatch(sql)
    if shown is None:
        return sql
    table = _TABLE.fullmatch(shown[1])
    if table is None:
        raise StatementRefused("SHOW VERSIONS takes the name of a table: SHOW VERSIONS FROM orders.")
    parts = [part.strip().strip('"') for part in table[1].split(".")]
    return f"FROM {TABLE_VERSIONS}('{'.'.join(parts)}')"


def called(node: Node) -> str:
    """The name of the function if the table is a call of one of the two; else empty."""
    function = node.get("function")
    if node.get("type") != "TABLE_FUNCTION" or not isinstance(function, dict):
        return ""
    name = str(function.get("function_name")).lower()
    return name if name in (TABLE_CHANGES, TABLE_VERSIONS) else ""


def replace_by_reference(node: Node) -> tuple[tuple[str, ...], ChangesRequest]:
    """Turns the call into a table reference, and returns the parts of the table's name and the requested versions.

    Raises `StatementRefused` for invalid arguments.
    """
    function = called(node)
    usage, fewest = (_CHANGES_USAGE, 2) if function == TABLE_CHANGES else (_VERSIONS_USAGE, 1)
    given = node["function"]["arguments"]
    if not fewest <= len(given) <= 3 or any(one["name"] for one in given) or node["with_ordinality"] != _NO_ORDINALITY:
        raise StatementRefused(usage)
    name, *versions = arguments(node["function"])
    text = literal_text(name, "STRING")
    after, up_to, *_ = [*(_version(one, usage) for one in versions), *([0] if not versions else []), None, None]
    parts = tuple(text.split(".")) if text is not None else ()
    if not 1 <= len(parts) <= 3:
        raise StatementRefused(usage)
    replace_by_table(node)
    set_name(node, function)
    return parts, ChangesRequest(after or 0, up_to)


def _version(node: Node, usage: str) -> int:
    text = literal_text(node, "INTEGER")
    if text is None or not text.isdecimal():
        raise StatementRefused(usage)
    return int(text)
