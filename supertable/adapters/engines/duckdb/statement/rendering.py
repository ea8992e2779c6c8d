"""A judged tree turned back into SQL, by DuckDB itself, and proof that nothing was lost on the way.

DuckDB's own rendering has holes: it forgets the brackets of some joins and the type of some numbers. What is known is
prepared for; for the rest, the SQL is parsed again, and refused unless the same tree comes out.
"""

from __future__ import annotations

import json
import re
from typing import Any

import duckdb

from supertable.adapters.engines.duckdb.statement.parse_tree import (
    BOOLEAN,
    Node,
    is_double,
    nodes,
    select_of,
    star_over,
    text_cast,
)
from supertable.adapters.engines.duckdb.types import literal
from supertable.domain.errors import InvalidStatement, StatementRefused

NESTED = "The statement is nested too deeply."
_UNFAITHFUL = "This combination of clauses is not supported; a subquery in brackets may help."
_PLACE = re.compile(r'"query_location":\d+,?|,"is_implicit":false')


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
    """The judged statement `tree` as SQL. Raises `InvalidStatement`."""
    text = _dumped(tree)
    sql = _deserialized(cursor, text)
    again = serialized(cursor, sql)
    if _PLACE.sub("", text) != _PLACE.sub("", again) and not _means_the_same(tree, loaded(again)):
        raise StatementRefused(_UNFAITHFUL)
    return sql


def unvalidated(cursor: duckdb.DuckDBPyConnection, tree: Node) -> str:
    """A statement as DuckDB renders it, which is not going to run."""
    return _deserialized(cursor, _dumped(tree))


def unchecked(cursor: duckdb.DuckDBPyConnection, *expressions: Node) -> str:
    """`SELECT` of the expressions as DuckDB renders it, for what is not run as a statement of the caller's."""
    return _deserialized(cursor, _dumped({"node": select_of(*expressions), "named_param_map": []}))


def keep_names(cursor: duckdb.DuckDBPyConnection, tree: Node) -> None:
    """Give columns the names that DuckDB derives from their expressions, where what replaces them would show in it."""
    for node in nodes(tree):
        if node.get("type") == "SELECT_NODE":
            for item in node["select_list"]:
                if not item["alias"] and any(map(_is_replaced, nodes(item))):
                    item["alias"] = unchecked(cursor, item).removeprefix("SELECT ")


def _is_replaced(node: Node) -> bool:
    return node.get("class") == "SUBQUERY" or is_double(node)


def _dumped(tree: Node) -> str:
    try:
        return json.dumps({"error": False, "statements": [tree]}, separators=(",", ":"), ensure_ascii=False)
    except RecursionError:
        raise InvalidStatement(NESTED) from None


def _deserialized(cursor: duckdb.DuckDBPyConnection, text: str) -> str:
    try:
        row = cursor.execute(f"SELECT json_deserialize_sql({literal(text)}::JSON)").fetchone()
    except duckdb.Error as error:
        raise StatementRefused(_UNFAITHFUL) from error
    assert row is not None
    return str(row[0])


def _means_the_same(tree: Node, again: Node) -> bool:
    try:
        return not again["error"] and _alike([tree], again["statements"])
    except RecursionError:
        raise InvalidStatement(NESTED) from None


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
    return _PLACE.sub("", json.dumps(expression, sort_keys=True, separators=(",", ":")))
