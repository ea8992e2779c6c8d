"""Columns of MERGE clauses that see one table only: their names without a table are names of that table's columns."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from supertable.adapters.engines.duckdb.statement.parse_tree import Node
from supertable.adapters.engines.duckdb.statement.parser import parse_tree
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.adapters.engines.duckdb.types import quoted
from supertable.domain.errors import InvalidStatement

_PREFIX = "SELECT "
_NOT_COLUMNS = frozenset(
    [
        "current_catalog",
        "current_database",
        "current_date",
        "current_localtime",
        "current_localtimestamp",
        "current_query",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "localtime",
        "localtimestamp",
        "session_user",
        "today",
        "user",
    ]
)


def qualified(cursor: duckdb.DuckDBPyConnection, sql: str, own: str, other: str) -> str:
    """The expression with `own` before each name of a column. Raises `InvalidStatement` where it names `other`."""
    tree, _ = parse_tree(cursor, f"{_PREFIX}{sql}", _PREFIX)
    raw = sql.encode()
    places = []
    for node in _columns(tree["node"]["select_list"], frozenset()):
        names = node["column_names"]
        if ascii_lower(names[0]) == ascii_lower(other):
            raise InvalidStatement(f"This WHEN NOT MATCHED clause has no row of {other!r}: {'.'.join(names)}.")
        if len(names) == 1 and ascii_lower(names[0]) not in _NOT_COLUMNS:
            places.append(node["query_location"] - len(_PREFIX))
    for place in sorted(places, reverse=True):
        raw = raw[:place] + f"{quoted(own)}.".encode() + raw[place:]
    return raw.decode()


def _columns(tree: object, parameters: frozenset[str]) -> Iterator[Node]:
    """The references to columns outside of subqueries, without parameters of lambdas."""
    if isinstance(tree, list):
        for item in tree:
            yield from _columns(item, parameters)
        return
    if not isinstance(tree, dict) or tree.get("class") == "SUBQUERY":
        return
    if tree.get("class") == "LAMBDA":
        named = {ascii_lower(node["column_names"][-1]) for node in _columns(tree["lhs"], frozenset())}
        yield from _columns(tree["expr"], parameters | named)
        return
    if tree.get("class") == "COLUMN_REF":
        if len(tree["column_names"]) > 1 or ascii_lower(tree["column_names"][0]) not in parameters:
            yield tree
        return
    for item in tree.values():
        yield from _columns(item, parameters)
