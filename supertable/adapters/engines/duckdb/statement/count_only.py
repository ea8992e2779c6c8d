"""Finds the relations of a statement that are only counted, and statements that do nothing else, since the snapshot has
their number of rows."""

from __future__ import annotations

from collections.abc import Sequence

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, nodes

_READING = frozenset({"COLUMN_REF", "STAR", "SUBQUERY", "WINDOW", "POSITIONAL_REFERENCE", "LAMBDA"})
_CLAUSES = ("where_clause", "group_expressions", "group_sets", "having", "sample", "qualify", "modifiers")


def counted_relations(tree: Node, tokens: Sequence[str]) -> frozenset[int]:
    """The numbers of the relations that are alone in a FROM, in a SELECT without other clauses and without columns."""
    numbers = {token: number for number, token in enumerate(tokens)}
    found = (_counted_token(node) for node in nodes(tree) if node.get("type") == "SELECT_NODE")
    return frozenset(numbers[token] for token in found if token in numbers)


def count_column(tree: Node, tokens: Sequence[str]) -> str:
    """The name of the only column of a statement that is the number of rows of its one relation; empty for others."""
    select = tree["node"]
    if select["type"] != "SELECT_NODE" or [_counted_token(select)] != list(tokens) or len(select["select_list"]) != 1:
        return ""
    return _name_of_count(select["select_list"][0]) if is_alone(select, tokens[0]) else ""


def is_alone(select: Node, token: str) -> bool:
    """Whether the relation is alone in the FROM of a SELECT without other clauses."""
    plain = not select["cte_map"]["map"] and select["aggregate_handling"] == "STANDARD_HANDLING"
    return plain and _only_token(select) == token


def is_plain_call(item: Node) -> bool:
    """Whether the call of an aggregate has its arguments alone."""
    return not (item["filter"] or item["distinct"] or item["order_bys"]["orders"] or item["schema"])


def _name_of_count(item: Node) -> str:
    if item["class"] != "FUNCTION" or item["function_name"] != "count_star":
        return ""
    return "" if item["arguments"] or not is_plain_call(item) else item["alias"] or "count_star()"


def _counted_token(select: Node) -> str | None:
    if any(node.get("class") in _READING for node in nodes(select["select_list"])):
        return None
    return _only_token(select)


def _only_token(select: Node) -> str | None:
    table = select["from_table"]
    alone = table["type"] == "BASE_TABLE" and not table["sample"] and not table["column_name_alias"]
    return str(table["table_name"]) if alone and not any(select[clause] for clause in _CLAUSES) else None
