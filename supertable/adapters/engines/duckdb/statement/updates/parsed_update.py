"""Parses an UPDATE, MERGE or DELETE: its text becomes a query, which DuckDB parses and the validator checks.

The division of the text needs no trust: it decides which query runs, and every query is checked, and reads through the
caller's own rights. No text can name the column that locates the target's rows, and none that takes whole rows of the
target passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import duckdb

from supertable.adapters.engines.duckdb.statement.conditions.constants import Evaluate
from supertable.adapters.engines.duckdb.statement.parse_tree import Node, nodes
from supertable.adapters.engines.duckdb.statement.parser import checked_text, parsed, unused_prefix
from supertable.adapters.engines.duckdb.statement.redacted_sql import shape_of
from supertable.adapters.engines.duckdb.statement.updates.delete import written_delete
from supertable.adapters.engines.duckdb.statement.updates.merge import written_merge
from supertable.adapters.engines.duckdb.statement.updates.tokens import Piece, tokenized
from supertable.adapters.engines.duckdb.statement.updates.update import written_update
from supertable.adapters.engines.duckdb.statement.updates.written import Names, WrittenUpdate
from supertable.adapters.engines.duckdb.statement.validation.allowed_functions import MANY_ROWS
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.application.ports.engines.updates import CheckedUpdate
from supertable.domain.errors import InvalidStatement, StatementRefused

_REFUSED = {"WINDOW": "a window function", "STAR": "a star", "POSITIONAL_REFERENCE": "the position of a column"}
_POSITION = re.compile(r", at line \d+, column \d+\.$")


def parsed_update(cursor: duckdb.DuckDBPyConnection, sql: str, evaluate: Evaluate) -> CheckedUpdate:
    """Raises `InvalidStatement` and `StatementRefused`."""
    text = checked_text(sql)
    names = Names(unused_prefix("st_u", text))
    written = _written(cursor, tokenized(text), names)
    try:
        query = parsed(cursor, written.sql, evaluate)
    except InvalidStatement as error:
        if type(error) is not InvalidStatement:
            raise
        raise InvalidStatement(_POSITION.sub(".", str(error))) from None  # it counts in the text of the query
    target = next(one.id for one in query.relations if one.parts == (names.target,))
    relations = [replace(one, parts=written.target.parts) if one.id == target else one for one in query.relations]
    shown = {**query.names, query.tokens[target]: written.target.alias}
    query = replace(query, relations=tuple(relations), names=shown, shape=shape_of(text, {}))
    _check_row_wise(query.tree, frozenset({ascii_lower(written.target.alias)}))
    bare = _bare_names(query.tree)
    if ascii_lower(written.marked) in bare:
        raise StatementRefused(f"{written.marked!r} is the name of the MERGE's source: name its columns, not the row.")
    whole = written.target.alias if ascii_lower(written.target.alias) in bare else ""
    return CheckedUpdate(
        written.operation, query, written.sql, target, names.row_id, written.actions, whole, written.condition
    )


def _written(cursor: duckdb.DuckDBPyConnection, piece: Piece, names: Names) -> WrittenUpdate:
    start = piece.find({"update", "merge", "delete"})
    before = piece.part(0, start)
    statement = piece.part(start)
    if not statement or (before and before.tokens[0].word != "with"):
        raise StatementRefused("This is no UPDATE, MERGE or DELETE.")
    with_them = f"{before.text}\n" if before else ""
    if statement.tokens[0].word == "update":
        return written_update(statement, with_them, names)
    if statement.tokens[0].word == "delete":
        return written_delete(statement, with_them, names)
    return written_merge(cursor, statement, with_them, names)


def _check_row_wise(tree: Node, bare: frozenset[str]) -> None:
    """Refuses what does not take single values of one row: it would see the column that locates the rows.

    `bare`: names, in lower case, that stand for whole rows.
    """
    for node in _outside_of_subqueries(tree["node"]):
        kind = node.get("class")
        if kind in _REFUSED:
            raise StatementRefused(f"An expression of UPDATE, MERGE or DELETE cannot have {_REFUSED[kind]}.")
        if kind == "FUNCTION" and ascii_lower(node["function_name"]) in MANY_ROWS:
            raise StatementRefused(f"An expression of UPDATE, MERGE or DELETE cannot call {node['function_name']!r}.")
    for node in nodes(tree):
        if node.get("class") == "STAR" and ascii_lower(node["relation_name"]) in bare:
            raise StatementRefused("An expression of UPDATE, MERGE or DELETE cannot have a star.")


def _bare_names(tree: Node) -> frozenset[str]:
    """The names of columns that are written without a table, in lower case."""
    columns = (node["column_names"] for node in nodes(tree) if node.get("class") == "COLUMN_REF")
    return frozenset(ascii_lower(names[0]) for names in columns if len(names) == 1)


def _outside_of_subqueries(query: Node) -> Iterator[Node]:
    stack: list[object] = [query["select_list"], query["where_clause"], query["from_table"]]
    while stack:
        item = stack.pop()
        if isinstance(item, dict) and item.get("type") == "TABLE_FUNCTION":
            stack.extend(item["function"]["arguments"])
        elif isinstance(item, dict) and item.get("type") != "SUBQUERY":
            yield item
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
