"""Whether a statement gives the same rows whenever it runs over the same data."""

from __future__ import annotations

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, nodes
from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import (
    FUNCTIONS,
    TABLE_FUNCTIONS,
    VOLATILE,
    VOLATILE_WORDS,
)

_STABLE = (FUNCTIONS | TABLE_FUNCTIONS) - VOLATILE


def is_repeatable(tree: Node) -> bool:
    """Unknown functions, samples, and columns that may be the time, make it false."""
    return not any(map(_is_volatile, nodes(tree)))


def _is_volatile(node: Node) -> bool:
    if node.get("sample"):
        return True
    if "function_name" in node:
        return str(node["function_name"]).lower() not in _STABLE
    return node.get("class") == "COLUMN_REF" and str(node["column_names"][0]).lower() in VOLATILE_WORDS
