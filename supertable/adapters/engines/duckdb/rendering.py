"""A judged tree turned back into SQL, by DuckDB itself, and proof that nothing was lost on the way.

DuckDB's own rendering has holes: it forgets the brackets of some joins and the type of some numbers. What is known is
prepared for; for the rest, the SQL is parsed again, and refused unless the same tree comes out.
"""

from __future__ import annotations

import json
import re
from typing import Any

import duckdb

from supertable.adapters.engines.duckdb.trees import BOOLEAN, Node, nodes, select_of, star_over, text_cast
from supertable.adapters.engines.duckdb.types import literal
from supertable.domain.errors import InvalidStatement, StatementRefused

NESTED = "The statement is nested too deeply."
_UNFAITHFUL = "This combination of clauses is not supported; a subquery in brackets may help."
_PLACE = re.compile(r'"query_location": \d+, ')


def serialized(cursor: duckdb.DuckDBPyConnection, sql: str) -> str:
    """DuckDB's tree of the statements in `sql`, or its report of what is wrong with them, as JSON."""
    try:
        # A literal, since the first parameter of a process makes DuckDB import pandas, if there is one: 0.8 s.
        row = cursor.execute(f"SELECT json_serialize_sql({literal(sql)})").fetchone()
    except (duckdb.Error, UnicodeError) as error:
        raise InvalidStatement("The statement cannot be parsed.") from error
    assert row is not None
    return str(row[0])


def loaded(text: str) -> Node:
    try:
        tree: Node = json.loads(text)
    except RecursionError:
        raise InvalidStatement(NESTED) from None
    return tree


def rendered(cursor: duckdb.DuckDBPyConnection, tree: Node) -> str:
    """The statement `tree` as SQL. It is readied for that in place. Raises `InvalidStatement`."""
    _ready(cursor, tree)
    sql = unchecked(cursor, tree)
    again = loaded(serialized(cursor, sql))
    try:
        faithful = not again["error"] and _alike([tree], again["statements"])
    except RecursionError:
        raise InvalidStatement(NESTED) from None
    if not faithful:
        raise StatementRefused(_UNFAITHFUL)
    return sql


def unchecked(cursor: duckdb.DuckDBPyConnection, tree: Node) -> str:
    """The tree as DuckDB renders it, for what is not run as a statement of the caller's."""
    try:
        text = json.dumps({"error": False, "statements": [tree]})
        row = cursor.execute(f"SELECT json_deserialize_sql({literal(text)}::JSON)").fetchone()
    except RecursionError:
        raise InvalidStatement(NESTED) from None
    except duckdb.Error as error:
        raise StatementRefused(_UNFAITHFUL) from error
    assert row is not None
    return str(row[0])


def _ready(cursor: duckdb.DuckDBPyConnection, tree: Node) -> None:
    for node in nodes(tree):
        if node.get("type") == "JOIN":
            _ready_join(node)
        elif node.get("type") == "SELECT_NODE":
            _keep_names(cursor, node)
    for node in nodes(tree):
        if _is_double(node):
            _ready_double(node)


def _ready_join(node: Node) -> None:
    """Cross joins are rendered as commas, which bind less than joins do, unless told otherwise."""
    if node["ref_type"] != "CROSS":
        return
    if node["right"]["type"] == "JOIN":
        node.update(ref_type="REGULAR", condition=text_cast("t", BOOLEAN))
    else:
        node["is_implicit"] = False


def _is_double(node: Node) -> bool:
    return node.get("class") == "CONSTANT" and node["value"]["type"]["id"] in ("DOUBLE", "FLOAT")


def _ready_double(node: Node) -> None:
    """1e10 would be rendered as 10000000000.0, which is a decimal."""
    value, kind, alias = node["value"]["value"], node["value"]["type"], node["alias"]
    node.clear()
    node.update(text_cast(repr(float(value)), kind), alias=alias)


def _keep_names(cursor: duckdb.DuckDBPyConnection, select: Node) -> None:
    """Columns without a name get the one that DuckDB derives from their expression as the caller wrote it."""
    for item in select["select_list"]:
        if not item["alias"] and item["class"] != "STAR" and any(map(_is_double, nodes(item))):
            item["alias"] = unchecked(cursor, {"node": select_of(item), "named_param_map": []}).removeprefix("SELECT ")


def _alike(one: Any, other: Any) -> bool:
    """Whether two trees are the same but for what parsing and rendering may change."""
    stack = [(one, other)]
    while stack:
        left, right = (_plain(node) for node in stack.pop())
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


def _plain(node: Any) -> Any:
    """The node without its place in the text, and in one of several forms that mean the same."""
    if not isinstance(node, dict):
        return node
    if node.get("class") == "CONSTANT" and node["value"]["type"]["id"] == "BOOLEAN":
        node = {**text_cast("t" if node["value"]["value"] else "f", BOOLEAN), "alias": node["alias"]}
    elif node.get("type") == "SUBQUERY" and "class" not in node:
        node = _values_list(node) or node
    elif node.get("type") == "SELECT_NODE":
        node = _with_plain_sets(node)
    return {key: value for key, value in node.items() if key not in ("query_location", "is_implicit")}


def _values_list(table: Node) -> Node | None:
    """`(SELECT * FROM (VALUES …) AS v) AS v`, into which DuckDB turns `(VALUES …) AS v`, as the latter."""
    inner = table["subquery"]["node"]
    if inner["type"] != "SELECT_NODE" or inner["from_table"]["type"] != "EXPRESSION_LIST":
        return None
    values: Node = inner["from_table"]
    alike = values["alias"] == table["alias"] and not table["column_name_alias"] and not table["sample"]
    return values if alike and _alike(inner, star_over(values)) else None


def _with_plain_sets(select: Node) -> Node:
    """Grouping sets by what they hold: their order, and that of the expressions they number, has no meaning."""
    if len(select["group_sets"]) < 2:
        return select
    written = [_written(expression) for expression in select["group_expressions"]]
    sets = sorted(sorted(written[number] for number in one) for one in select["group_sets"])
    return {**select, "group_sets": sets, "group_expressions": []}


def _written(expression: Node) -> str:
    """The expression as text, without its places."""
    return _PLACE.sub("", json.dumps(expression, sort_keys=True))
