"""Renders a validated tree to SQL by DuckDB itself, and checks that the SQL means the same.

To catch errors of the rendering, the SQL is parsed again, and refused unless the tree is the same.
"""

from __future__ import annotations

import json
import re
from typing import Any

import duckdb

from supertable.adapters.engines.duckdb.statement.parse_tree import LOCATION_KEYS, Node, nodes, select_of, star_over
from supertable.adapters.engines.duckdb.statement.type_names import canonical
from supertable.adapters.engines.duckdb.statement.validation.literal_lists import LiteralList
from supertable.adapters.engines.duckdb.types import literal
from supertable.domain.errors import InvalidStatement, StatementRefused

NESTED = "The statement is nested too deeply. Each operator of a chain like a + b + c nests the one before."
_UNFAITHFUL = "This combination of clauses is not supported. A subquery in parentheses may help."
_TOO_DEEP = "maximum nesting depth"
_LOCATION = re.compile(r'"query_location":\d+,"query_location_length":\d+,?')
_VALUES_ALIAS = "valueslist"
_UNORDERED = ("qualified_exclude_list", "rename_list", "replace_list")
"""The lists of `*` that DuckDB keeps and renders in an order of its own, which has no meaning."""


def serialized(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """DuckDB's JSON for `sql`: the tree of its statements, or a report of the error."""
    try:
        # A literal, since the first parameter in a process makes DuckDB import pandas if it is installed: 0.8 s.
        row = cursor.execute(f"SELECT json_serialize_sql({literal(sql)})").fetchone()
    except (duckdb.Error, UnicodeError) as error:
        raise InvalidStatement("The statement cannot be parsed.") from error
    assert row is not None
    return str(row[0])


def loaded(text: str) -> Node:
    """The parsed JSON. Raises `InvalidStatement` where it is nested too deeply."""
    try:
        tree: Node = json.loads(text)
    except RecursionError:
        raise InvalidStatement(NESTED) from None
    return tree


def rendered(cursor: duckdb.DuckDBPyConnection, tree: Node) -> str:
    """The validated statement `tree` as SQL, with the names of its long lists. Raises `InvalidStatement`."""
    text = _dumped(tree)
    sql = _deserialized(cursor, text)
    reparsed = serialized(cursor, sql)
    if _LOCATION.sub("", text) != _LOCATION.sub("", reparsed) and not _is_equivalent(loaded(text), loaded(reparsed)):
        raise StatementRefused(_UNFAITHFUL)
    return sql


def render_unvalidated(cursor: duckdb.DuckDBPyConnection, tree: Node) -> str:
    """DuckDB's rendering of a statement that is not run."""
    return _deserialized(cursor, _dumped(tree))


def render_unvalidated_select(cursor: duckdb.DuckDBPyConnection, *expressions: Node) -> str:
    """DuckDB's rendering of `SELECT expressions`, for SQL that is not run as the caller's statement."""
    return _deserialized(cursor, _dumped({"node": select_of(*expressions), "named_param_map": []}))


def keep_column_names(cursor: duckdb.DuckDBPyConnection, tree: Node) -> None:
    """Sets the names that DuckDB derives for columns, where generated names or the validation would change them."""
    for node in nodes(tree):
        if node.get("type") == "SELECT_NODE":
            for item in node["select_list"]:
                if not item["alias"] and item.get("class") != "COLUMN_REF" and _is_renamed(item):
                    item["alias"] = render_unvalidated_select(cursor, item).removeprefix("SELECT ")


def _is_renamed(item: Node) -> bool:
    """Whether validation may change the text of the expression. One with `COLUMNS(…)` has a name for each column."""
    parts = list(nodes(item))
    if any(part.get("class") == "SUBQUERY" for part in parts):
        return True
    return not any(part.get("class") == "STAR" for part in parts) and any(
        part.get("schema") or part.get("function_name") == "row" or len(part.get("column_names") or ()) > 2
        for part in parts
    )


def _dumped(tree: Node) -> str:
    try:
        report = {"error": False, "statements": [tree]}
        return json.dumps(report, separators=(",", ":"), ensure_ascii=False, default=LiteralList.reference)
    except RecursionError:
        raise InvalidStatement(NESTED) from None


def _deserialized(cursor: duckdb.DuckDBPyConnection, text: str) -> str:
    try:
        row = cursor.execute(f"SELECT json_deserialize_sql({literal(text)}::JSON)").fetchone()
    except duckdb.SerializationException as error:
        if _TOO_DEEP in str(error):
            raise InvalidStatement(NESTED) from error
        raise StatementRefused(_UNFAITHFUL) from error
    except duckdb.Error as error:
        raise StatementRefused(_UNFAITHFUL) from error
    assert row is not None
    return str(row[0])


def _is_equivalent(report: Node, reparsed: Node) -> bool:
    try:
        return not reparsed["error"] and _equivalent(report["statements"], reparsed["statements"])
    except RecursionError:
        raise InvalidStatement(NESTED) from None


def _equivalent(one: Any, other: Any) -> bool:
    """Whether two trees are the same, except for what parsing and rendering may change."""
    stack = [(one, other)]
    while stack:
        left, right = (_normalized(node) for node in stack.pop())
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            stack.extend((value, right[key]) for key, value in left.items())
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            stack.extend(zip(left, right, strict=True))
        elif left != right or type(left) is not type(right):
            return False
    return True


def _normalized(node: Any) -> Any:
    """The node without its location in the text, and in one of several equivalent forms."""
    if not isinstance(node, dict):
        return node
    if node.get("name") and "expression" in node:  # the alias repeats an argument's name, or not
        node = {**node, "expression": {**node["expression"], "alias": ""}}
    elif node.get("class") == "TYPE":
        name = canonical(node["type_name"])
        node = {**node, "type_name": name, "qualified_name": name}
    elif node.get("type") == "SUBQUERY" and "class" not in node:
        node = _values_list(node) or node
    elif node.get("type") == "SELECT_NODE":
        node = _with_plain_sets(node)
    elif node.get("class") == "STAR":
        node = {**node, **{key: sorted(node[key], key=_named) for key in _UNORDERED}}
    elif node.get("class") == "WINDOW" and node["type"] != "WINDOW_AGGREGATE":  # RESPECT NULLS is the default
        node = {**node, "has_ignore_nulls": node["ignore_nulls"]}
    return {key: value for key, value in node.items() if key not in LOCATION_KEYS}


def _values_list(table: Node) -> Node | None:
    """Reduces `(SELECT * FROM (VALUES …)) AS valueslist`, as DuckDB renders `(VALUES …)`, to the latter; else None."""
    inner = table["subquery"]["node"]
    if inner["type"] != "SELECT_NODE" or table["alias"] != _VALUES_ALIAS:
        return None
    source: Node = inner["from_table"]
    values = (_values_list(source) or source) if source["type"] == "SUBQUERY" else source
    is_rendered = values["type"] == "EXPRESSION_LIST" and not table["column_name_alias"] and not table["sample"]
    return values if is_rendered and _equivalent({**inner, "from_table": values}, star_over(values)) else None


def _with_plain_sets(select: Node) -> Node:
    """Replaces the numbers in grouping sets by their expressions, sorted, since their order has no meaning."""
    if len(select["group_sets"]) < 2:
        return select
    texts = [text_of(expression) for expression in select["group_expressions"]]
    sets = sorted(sorted(texts[number] for number in one) for one in select["group_sets"])
    return {**select, "group_sets": sets, "group_expressions": []}


def _named(entry: Node) -> str:
    """The name of an entry in a list of `*`."""
    return text_of(entry.get("key", entry))


def text_of(expression: Any) -> str:
    """The expression as text, without locations."""
    return _LOCATION.sub("", json.dumps(expression, sort_keys=True, separators=(",", ":")))
