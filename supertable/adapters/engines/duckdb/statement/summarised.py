"""Finds statements that are aggregates over one whole table, which the ranges of its files may answer."""

from __future__ import annotations

from collections.abc import Sequence

from supertable.adapters.engines.duckdb.statement.count_only import is_alone, is_plain_call
from supertable.adapters.engines.duckdb.statement.parse_tree import Node, arguments
from supertable.adapters.engines.duckdb.statement.validation.scopes import ascii_lower
from supertable.domain.scan.summaries import Summary

_FUNCTIONS = frozenset({"count", "min", "max"})


def summaries_of(tree: Node, tokens: Sequence[str]) -> tuple[Summary, ...]:
    """The items of `SELECT count(a), min(b), count(*) FROM t`, in order; empty for other statements."""
    select = tree["node"]
    if select["type"] != "SELECT_NODE" or len(tokens) != 1 or not is_alone(select, tokens[0]):
        return ()
    found = [_summary(item, select["from_table"]["alias"]) for item in select["select_list"]]
    known = [each for each in found if each is not None]
    return tuple(known) if len(known) == len(found) else ()


def _summary(item: Node, table: str) -> Summary | None:
    if item["class"] != "FUNCTION" or not is_plain_call(item):
        return None
    function = ascii_lower(item["function_name"])
    if function == "count_star" and not item["arguments"]:
        return Summary("count")
    if function not in _FUNCTIONS or len(item["arguments"]) != 1:
        return None
    column = arguments(item)[0]
    if column["class"] != "COLUMN_REF":
        return None
    *qualifier, name = column["column_names"]
    is_own = not qualifier or (len(qualifier) == 1 and table and ascii_lower(qualifier[0]) == ascii_lower(table))
    return Summary(function, str(name)) if is_own else None
