"""What a statement reads of its relations, as far as the tree tells: which columns, and whether as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, nodes
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower

_ALL_COLUMNS = frozenset({"STAR", "POSITIONAL_REFERENCE", "PIVOT", "SHOW_REF"})


def names_in(tree: Node) -> frozenset[str] | None:
    """Every text in the tree, in lower case: a statement reads no column that is not among them.

    None if it may read columns that it does not name, as by a star, a position or a whole row.
    """
    aliases = set()
    columns = set()
    for node in nodes(tree):
        if _ALL_COLUMNS & {str(node.get("class")), str(node.get("type"))}:
            return None
        if node.get("ref_type") == "NATURAL" or node.get("column_name_alias"):
            return None
        if node.get("type") == "BASE_TABLE":
            aliases.add(ascii_lower(node["alias"]))
        if node.get("class") == "COLUMN_REF":
            columns.add(ascii_lower(node["column_names"][-1]))
    return None if aliases & columns else frozenset(map(ascii_lower, _texts(tree)))


def tables_needed(tree: Node, tokens: Sequence[str]) -> frozenset[int]:
    """The numbers of the relations for which the statement needs a table, not a stream.

    The engine may read those in common table expressions more than once, if one of these is recursive or is named more
    than once. Repeatable samples are of rows in one order, so that they need tables too.
    """
    if has_repeatable_sample(tree):
        return frozenset(range(len(tokens)))
    inner = [entry for node in nodes(tree) if "cte_map" in node for entry in node["cte_map"]["map"]]
    named = Counter(node["table_name"] for node in nodes(tree) if node.get("type") == "BASE_TABLE")
    if all(named[entry["key"]] <= 1 and not _is_recursive(entry) for entry in inner):
        return frozenset()
    found = {node.get("table_name") for entry in inner for node in nodes(entry)}
    return frozenset(number for number, token in enumerate(tokens) if token in found)


def has_repeatable_sample(tree: Node) -> bool:
    return any(node.get("repeatable") for node in nodes(tree))


def _is_recursive(entry: Node) -> bool:
    kind: str = entry["value"]["query_node"]["type"]
    return kind == "RECURSIVE_CTE_NODE"


def _texts(tree: Any) -> Iterator[str]:
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
