"""ORDER BY: in statements, windows and aggregates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from supertable.adapters.engines.spark.translation.expressions import Expressions, Scope, kind
from supertable.adapters.engines.spark.translation.functions.comparisons import sort_key
from supertable.adapters.engines.spark.translation.refusals import refused

_DIRECTIONS = {"ASCENDING": "ASC", "DESCENDING": "DESC"}
_NULLS = frozenset({"NULLS FIRST", "NULLS LAST"})


def order_by(orders: Sequence[Mapping[str, Any]], expressions: Expressions, scope: Scope) -> str:
    """The keys, each with its direction and the place of NULL."""
    return ", ".join(f"{_key(order, expressions, scope)} {direction(order)} {nulls(order)}" for order in orders)


def _key(order: Mapping[str, Any], expressions: Expressions, scope: Scope) -> str:
    return sort_key(expressions.rendered(order["expression"], scope), kind(order["expression"]))


def direction(order: Mapping[str, Any]) -> str:
    if order["type"] not in _DIRECTIONS:
        raise refused("ORDER BY in such a direction")
    return _DIRECTIONS[order["type"]]


def nulls(order: Mapping[str, Any]) -> str:
    found = str(order["null_order"])
    if found not in _NULLS:
        raise refused("ORDER BY in such a direction")
    return found
