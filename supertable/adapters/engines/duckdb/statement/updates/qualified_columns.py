"""Columns of MERGE clauses that see one table only: their names without a table are names of that table's columns."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from supertable.adapters.engines.duckdb.statement.parse_tree import Node, nodes
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
    for node in _columns(tree["node"]["select_list"]):
        names = node["column_names"]
        if ascii_lower(names[0]) == ascii_lower(other):
            raise InvalidStatement(f"This WHEN NOT MATCHED clause has no row of {other!r}: {'.'.join(names)}.")
        if len(names) == 1 and ascii_lower(names[0]) not in _NOT_COLUMNS:
            places.append(node["query_location"] - len(_PREFIX))
    ends = [*sorted(places), len(raw)]
    return f"{quoted(own)}.".join(raw[start:end].decode() for start, end in zip([0, *ends], ends, strict=False))


def _columns(tree: object) -> Iterator[Node]:
    """The references to columns outside of subqueries, without parameters of lambdas."""
    stack: list[tuple[object, frozenset[str]]] = [(tree, frozenset())]
    while stack:
        item, parameters = stack.pop()
        if isinstance(item, list):
            stack += [(part, parameters) for part in item]
        elif not isinstance(item, dict) or item.get("class") == "SUBQUERY":
            continue
        elif item.get("class") == "LAMBDA":
            named = {ascii_lower(node["column_names"][-1]) for node in nodes(item["lhs"]) if "column_names" in node}
            stack.append((item["expr"], parameters | named))
        elif item.get("class") == "COLUMN_REF":
            if len(item["column_names"]) > 1 or ascii_lower(item["column_names"][0]) not in parameters:
                yield item
        else:
            stack += [(part, parameters) for part in item.values()]
