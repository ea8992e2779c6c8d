"""Parts of DuckDB's parse tree: iterating over them, reading them, and building them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]
LOCATION_KEYS = frozenset({"query_location", "query_location_length"})

_NAME_KEYS = {
    "BASE_TABLE": ("catalog_name", "schema_name", "table_name"),
    "SHOW_REF": ("catalog_name", "schema_name", "table_name"),
    "TYPE": ("catalog", "schema", "type_name"),
}
_FUNCTION_KEYS = ("catalog", "schema", "function_name")


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


def expressions(tree: Any) -> Iterator[Node]:
    """Like `nodes`, without constants and what is in them: of these, long lists may have very many."""
    stack = [tree]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if item.get("class") != "CONSTANT":
                yield item
                stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)


def name_keys(node: Node) -> tuple[str, str, str]:
    """The keys for the parts of a node's name, which its `qualified_name` repeats. DuckDB uses the latter."""
    return _NAME_KEYS.get(node["type"], _FUNCTION_KEYS)


def name_parts(node: Node) -> list[str]:
    """The catalog, schema and name of a table, function or type, without empty parts."""
    return [node[key] for key in name_keys(node) if node[key]]


def set_name(node: Node, name: str, schema: str = "") -> None:
    node.update(zip(name_keys(node), ("", schema, name), strict=True))
    node["qualified_name"] = {"path": name_parts(node)}


def arguments(function: Node) -> list[Node]:
    """The arguments of a function or window function."""
    return [argument["expression"] for argument in function["arguments"]]


def literal_text(node: Node, kind: str) -> str | None:
    """The text of a literal of this kind, such as STRING; None for other nodes."""
    literal = node.get("literal") if node.get("class") == "CONSTANT" else None
    return str(literal["text"]) if isinstance(literal, dict) and literal["kind"] == kind else None


def replace_by_table(node: Node) -> None:
    """Turns a table function or a SHOW statement into a reference to a table, which has no name yet."""
    kept = {"alias": node["alias"], "sample": node["sample"], "column_name_alias": node.get("column_name_alias", [])}
    node.clear()
    node.update(kept, type="BASE_TABLE", at_clause=None)


def table(name: str) -> Node:
    """A reference to a table."""
    found: Node = {"alias": "", "sample": None, "column_name_alias": [], "type": "BASE_TABLE", "at_clause": None}
    set_name(found, name)
    return found


def subquery(query: Node) -> Node:
    """A query node as a table of a FROM clause."""
    select = {"node": query, "named_param_map": []}
    return {"type": "SUBQUERY", "alias": "", "sample": None, "subquery": select, "column_name_alias": []}


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


def constant(kind: str, text: str) -> Node:
    """A literal: `constant("STRING", "abc")` is `'abc'`."""
    literal = {"kind": kind, "text": text}
    return {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "literal": literal}


def cast(child: Node, type_name: str) -> Node:
    """`CAST(child AS type_name)`, for a type without parameters."""
    written = {"class": "TYPE", "type": "TYPE", "alias": "", "children": []}
    set_name(written, type_name)
    kind = {"class": "CAST", "type": "OPERATOR_CAST", "alias": "", "try_cast": False}
    return {**kind, "child": child, "type_expr": written}


def column(*parts: str) -> Node:
    return {"class": "COLUMN_REF", "type": "COLUMN_REF", "alias": "", "column_names": list(parts)}


def argument(expression: Any) -> Node:
    """An argument without a name."""
    return {"name": "", "expression": expression}


def call(name: str, *expressions: Node) -> Node:
    """`name(expressions)`."""
    function = {
        "class": "FUNCTION",
        "type": "FUNCTION",
        "alias": "",
        "arguments": [argument(expression) for expression in expressions],
        "filter": None,
        "order_bys": {"type": "ORDER_MODIFIER", "orders": []},
        "distinct": False,
        "is_operator": False,
        "export_state": False,
        "is_legacy_function_call": False,
    }
    set_name(function, name)
    return function


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
