"""Window functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supertable.adapters.engines.spark.translation import aggregates
from supertable.adapters.engines.spark.translation.expressions import (
    Expression,
    Expressions,
    Scope,
    constant_integer,
    function_name,
    kind,
)
from supertable.adapters.engines.spark.translation.functions.comparisons import check_equality
from supertable.adapters.engines.spark.translation.kinds import SIGNED
from supertable.adapters.engines.spark.translation.orders import order_by
from supertable.adapters.engines.spark.translation.refusals import refused

_RANKS = {
    "WINDOW_ROW_NUMBER": "row_number",
    "WINDOW_RANK": "rank",
    "WINDOW_RANK_DENSE": "dense_rank",
    "WINDOW_PERCENT_RANK": "percent_rank",
    "WINDOW_CUME_DIST": "cume_dist",
}
_VALUES = {"WINDOW_FIRST_VALUE": "first_value", "WINDOW_LAST_VALUE": "last_value"}
_NEIGHBOURS = {"WINDOW_LAG": "lag", "WINDOW_LEAD": "lead"}
_DEFAULT = ("UNBOUNDED_PRECEDING", "CURRENT_ROW_RANGE")


def windowed(node: Expression, expressions: Expressions, scope: Scope) -> str:
    """Raises `NotOnSpark`."""
    if node.get("exclude_clause", "NO_OTHER") != "NO_OTHER" or node.get("arg_orders"):
        raise refused("EXCLUDE and ORDER BY within a window function")
    if node.get("distinct"):
        raise refused("DISTINCT in a window")
    name = node["type"]
    partition, order = _parts(node, expressions, scope)
    arguments = expressions.all_rendered(node.get("children", ()), scope)
    framed = f" OVER ({partition}{order}{_frame(node)})"
    if name == "WINDOW_AGGREGATE":
        return _aggregate(node, arguments, framed, expressions, scope)
    if not order:
        raise refused(f"{_words(name)} without ORDER BY")
    if name in _RANKS or name == "WINDOW_NTILE":
        return f"CAST({_rank(node)} OVER ({partition}{order}) AS {kind(node).spark})"
    nulls = " IGNORE NULLS" if node.get("ignore_nulls") else ""
    if name in _NEIGHBOURS:
        return f"{_NEIGHBOURS[name]}({_neighbour(node, arguments)}){nulls} OVER ({partition}{order})"
    return f"{_value(node, arguments)}{nulls}{framed}"


def _rank(node: Expression) -> str:
    if node["type"] in _RANKS:
        return f"{_RANKS[node['type']]}()"
    parts = constant_integer(node["children"][0])
    if parts is None or parts < 1:
        raise refused("ntile with such a number")
    return f"ntile({parts})"


def _value(node: Expression, arguments: list[str]) -> str:
    """A value of one row of the frame."""
    if node["type"] in _VALUES:
        return f"{_VALUES[node['type']]}({arguments[0]})"
    place = constant_integer(node["children"][1]) if node["type"] == "WINDOW_NTH_VALUE" else None
    if place is None or place < 1:
        raise refused(_words(node["type"]))
    return f"nth_value({arguments[0]}, {place})"


def _parts(node: Expression, expressions: Expressions, scope: Scope) -> tuple[str, str]:
    for partition in node["partitions"]:
        check_equality(kind(partition))
    partitions = ", ".join(expressions.all_rendered(node["partitions"], scope))
    orders = order_by(node["orders"], expressions, scope)
    return f"PARTITION BY {partitions}" if partitions else "", f" ORDER BY {orders}" if orders else ""


def _aggregate(node: Expression, arguments: list[str], over: str, expressions: Expressions, scope: Scope) -> str:
    condition = node.get("filters")
    name = function_name(node)
    if condition:
        passes = expressions.rendered(condition, scope)
        name = "count" if name == "count_star" else name
        arguments = [f"CASE WHEN {passes} THEN {value} END" for value in arguments or ["1"]]
    return aggregates.rendered(
        aggregates.Aggregate(
            name=name,
            arguments=arguments,
            kinds=[kind(child) for child in node.get("children", ())],
            kind=kind(node),
            after=over,
            data=node.get("function_data"),
        )
    )


def _neighbour(node: Expression, arguments: list[str]) -> str:
    """The value, how far away it is, and what stands for it where there is no such row."""
    children = node["children"]
    distance = constant_integer(children[1]) if len(children) > 1 else 1
    if distance is None or not 0 <= distance < 2**31:
        raise refused("lag and lead by a number that is no constant")
    return ", ".join([arguments[0], str(distance), *arguments[2:]])


def _frame(node: Expression) -> str:
    """The frame; empty for the default one."""
    start, end = node["start"], node["end"]
    if not node["orders"] and {start, end} <= {"UNBOUNDED_PRECEDING", "UNBOUNDED_FOLLOWING", "CURRENT_ROW_RANGE"}:
        return ""
    if (start, end) == _DEFAULT:
        return " RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    unit = _unit(start) or _unit(end) or "ROWS"
    if {_unit(start), _unit(end)} - {"", unit}:
        raise refused("a frame of such bounds")
    if unit == "RANGE" and _has_offsets(node) and not _by_a_whole_number(node):
        raise refused("RANGE with such an offset")
    return f" {unit} BETWEEN {_bound(start, node.get('start_expr'))} AND {_bound(end, node.get('end_expr'))}"


def _unit(bound: str) -> str:
    for unit in ("RANGE", "ROWS", "GROUPS"):
        if bound.endswith(f"_{unit}"):
            return unit
    return ""


def _has_offsets(node: Expression) -> bool:
    return bool(node.get("start_expr") or node.get("end_expr"))


def _by_a_whole_number(node: Expression) -> bool:
    orders = node["orders"]
    return len(orders) == 1 and kind(orders[0]["expression"]).name in SIGNED and orders[0]["type"] == "ASCENDING"


def _bound(bound: str, offset: Mapping[str, Any] | None) -> str:
    if bound.startswith("UNBOUNDED_"):
        return bound.replace("_", " ")
    if bound.startswith("CURRENT_ROW"):
        return "CURRENT ROW"
    if not bound.startswith("EXPR_") or bound.endswith("_GROUPS"):
        raise refused("a frame of such bounds")
    if bound.endswith("_RANGE"):
        offset = (offset or {}).get("children", [{}, None])[1]
    number = constant_integer(offset)
    if number is None or not 0 <= number < 2**31:
        raise refused("a frame with an offset that is no constant number")
    return f"{number} {bound.split('_')[1]}"


def _words(name: str) -> str:
    return name.removeprefix("WINDOW_").lower()
