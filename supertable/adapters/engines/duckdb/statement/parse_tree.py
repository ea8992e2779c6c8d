"""Parts of DuckDB's parse tree: iterating over them, and building them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]
BOOLEAN: Node = {"id": "BOOLEAN", "type_info": None}


def nodes(tree: Any) -> Iterator[Node]:
    """All dictionaries in a tree, parents first. They may be changed during the iteration."""
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            yield item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def select_of(*items: Node) -> Node:
    """The query node of `SELECT items`."""
    return {
        "type": "SELECT_NODE",
        "modifiers": [],
        "cte_map": {"map": []},
        "select_list": list(items),
        "from_table": {"type": "EMPTY", "alias": "", "sample": None},
        "where_clause": None,
        "group_expressions": [],
        "group_sets": [],
        "aggregate_handling": "STANDARD_HANDLING",
        "having": None,
        "sample": None,
        "qualify": None,
    }


def text_cast(text: str, kind: Node) -> Node:
    """`CAST('text' AS kind)`."""
    value = {"type": {"id": "VARCHAR", "type_info": None}, "is_null": False, "value": text}
    constant = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "value": value}
    return cast(constant, kind)


def cast(child: Node, kind: Node) -> Node:
    return {
        "class": "CAST",
        "type": "OPERATOR_CAST",
        "alias": "",
        "child": child,
        "cast_type": kind,
        "try_cast": False,
    }


def call(name: str, *children: Node) -> Node:
    """`name(children)`."""
    return {
        "class": "FUNCTION",
        "type": "FUNCTION",
        "alias": "",
        "function_name": name,
        "schema": "",
        "catalog": "",
        "children": list(children),
        "filter": None,
        "order_bys": {"type": "ORDER_MODIFIER", "orders": []},
        "distinct": False,
        "is_operator": False,
        "export_state": False,
    }


def star_over(table: Node) -> Node:
    """The query node of `SELECT * FROM table`."""
    star = {
        "class": "STAR",
        "type": "STAR",
        "alias": "",
        "relation_name": "",
        "exclude_list": [],
        "replace_list": [],
        "columns": False,
        "expr": None,
        "qualified_exclude_list": [],
        "rename_list": [],
    }
    return {**select_of(star), "from_table": table}


def is_double(node: Node) -> bool:
    return node.get("class") == "CONSTANT" and node["value"]["type"]["id"] in ("DOUBLE", "FLOAT")


def prepare_double(node: Node) -> None:
    """Replaces the number by a cast from text: 1e10 would be rendered as 10000000000.0, which is a decimal."""
    value, kind, alias = node["value"]["value"], node["value"]["type"], node["alias"]
    node.clear()
    node.update(text_cast(repr(float(value)), kind), alias=alias)


def prepare_join(node: Node) -> None:
    """Rewrites a cross join that would be rendered as a comma, which binds less tightly than a join."""
    if node["ref_type"] != "CROSS":
        return
    if node["right"]["type"] == "JOIN":
        node.update(ref_type="REGULAR", condition=text_cast("t", BOOLEAN))
    else:
        node["is_implicit"] = False
