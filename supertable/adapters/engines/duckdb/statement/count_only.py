"""Finds the relations of a statement that are only counted, since the snapshot has their number of rows."""

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


def _counted_token(select: Node) -> str | None:
    table = select["from_table"]
    alone = table["type"] == "BASE_TABLE" and not table["sample"] and not table["column_name_alias"]
    if not alone or any(select[clause] for clause in _CLAUSES):
        return None
    if any(node.get("class") in _READING for node in nodes(select["select_list"])):
        return None
    token: str = table["table_name"]
    return token
