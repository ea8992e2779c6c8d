"""Aggregates. `over`: what follows each of Spark's aggregates: a FILTER, or a window's OVER."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supertable.adapters.engines.spark.translation.constants import double, text
from supertable.adapters.engines.spark.translation.expressions import (
    Expression,
    Expressions,
    Scope,
    function_name,
    kind,
)
from supertable.adapters.engines.spark.translation.functions.calls import named
from supertable.adapters.engines.spark.translation.functions.casts import cast
from supertable.adapters.engines.spark.translation.functions.comparisons import check_equality, check_order, sort_key
from supertable.adapters.engines.spark.translation.kinds import DOUBLE, FLOATS, SIGNED, UNSIGNED, Kind, kind_of
from supertable.adapters.engines.spark.translation.orders import direction, nulls
from supertable.adapters.engines.spark.translation.refusals import refused

_WHOLE = frozenset(SIGNED) | frozenset(UNSIGNED)
_SUMMED = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "UTINYINT": 3, "USMALLINT": 5, "UINTEGER": 10}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`filter`: the condition of its FILTER, empty where it has none. `after`: a window's OVER."""

    name: str
    arguments: Sequence[str]
    kinds: Sequence[Kind]
    kind: Kind
    distinct: bool = False
    filter: str = ""
    after: str = ""
    data: Mapping[str, Any] | None = None

    def of(self, function: str, argument: str, extra: str = "", distinct: bool | None = None) -> str:
        """Spark's aggregate of the rows that the filter lets pass."""
        word = "DISTINCT " if (self.distinct if distinct is None else distinct) else ""
        if not self.after:
            where = " AND ".join(f"({one})" for one in (self.filter, extra) if one)
            return f"{function}({word}{argument})" + (f" FILTER (WHERE {where})" if where else "")
        if self.filter or extra:
            raise self.refusal
        return f"{function}({word}{argument}){self.after}"

    @property
    def refusal(self) -> Exception:
        return refused(f"{self.name}({', '.join(map(str, self.kinds))})")


def aggregated(node: Expression, expressions: Expressions, scope: Scope) -> str:
    """An aggregate of groups. Raises `NotOnSpark`."""
    children, condition = node.get("children", ()), node.get("filter")
    orders = (node.get("order_bys") or {}).get("orders", ())
    call = Aggregate(
        name=function_name(node),
        arguments=expressions.all_rendered(children, scope),
        kinds=[kind(child) for child in children],
        kind=kind(node),
        distinct=node.get("aggregate_type") == "DISTINCT",
        filter=expressions.rendered(condition, scope) if condition else "",
        data=node.get("function_data"),
    )
    if call.name in _ORDERED:
        return _collected(call, orders, expressions, scope)
    if orders and call.name not in ("sum", "count", "count_star", "min", "max", "avg"):
        raise refused(f"{call.name} with ORDER BY")
    return rendered(call)


def rendered(call: Aggregate) -> str:
    """The aggregate as Spark's SQL. Raises `NotOnSpark`."""
    rule = _RULES.get(call.name)
    if rule is None:
        raise call.refusal
    if call.distinct:
        check_equality(call.kinds[0])
    return rule(call)


def _rows(call: Aggregate) -> str:
    return call.of("count", "*", distinct=False)


def _count(call: Aggregate) -> str:
    return call.of("count", call.arguments[0]) if call.arguments else _rows(call)


def _sum(call: Aggregate) -> str:
    (of,) = call.kinds
    value = call.arguments[0]
    if of.name in FLOATS and call.kind.name == "DOUBLE":
        return call.of("sum", f"CAST({value} AS DOUBLE)")
    return f"CAST({call.of('sum', _exact(value, of, call))} AS {call.kind.spark})"


def _exact(value: str, of: Kind, call: Aggregate) -> str:
    """The value in a type whose sum has enough digits."""
    if of.name in _SUMMED:
        return f"CAST({value} AS DECIMAL({_SUMMED[of.name]},0))"
    if of.name in ("BIGINT", "UBIGINT"):
        return f"CAST({value} AS DECIMAL(28,0))"
    if of.name in ("DECIMAL", "HUGEINT"):
        return value
    raise call.refusal


def _average(call: Aggregate) -> str:
    """Of exact numbers: the digits of their sum, divided once by the count and the power of ten of their scale.

    DuckDB does so too, unless its plan divides the sum as a double, which rounds once more: then the last digit of the
    double may be another one, on LITE and PRO alike.
    """
    (of,) = call.kinds
    value = call.arguments[0]
    if of.name in FLOATS:
        return call.of("avg", f"CAST({value} AS DOUBLE)")
    if of.name not in _WHOLE | {"DECIMAL"} or call.kind.name != "DOUBLE":
        raise call.refusal
    total = f"CAST({call.of('sum', _exact(value, of, call))} AS DECIMAL(38,{of.scale}))"
    digits = f"CAST({total} * CAST(1e{of.scale} AS DECIMAL(38,0)) AS DECIMAL(38,0))" if of.scale else total
    count = f"nullif(CAST({call.of('count', value)} AS DOUBLE), 0D)"
    return f"(CAST({digits} AS DOUBLE) / ({count} * {double(10.0**of.scale)}))"


def _extreme(function: str) -> Rule:
    def rule(call: Aggregate) -> str:
        if len(call.kinds) != 1:
            raise call.refusal
        value = call.arguments[0]
        if call.kinds[0].nested:
            key = sort_key(value, call.kinds[0])
            return call.of(f"{function}_by", f"{value}, {key}", distinct=False)
        check_order(call.kinds[0])
        return call.of(function, value, distinct=False)

    return rule


def _plain(function: str, *allowed: str) -> Rule:
    def rule(call: Aggregate) -> str:
        if len(call.kinds) != 1 or call.kinds[0].name not in allowed:
            raise call.refusal
        return call.of(function, call.arguments[0])

    return rule


def _any(call: Aggregate) -> str:
    """A value that is not NULL: any of them is right."""
    return call.of("any_value", call.arguments[0], extra=f"{call.arguments[0]} IS NOT NULL")


def _count_if(call: Aggregate) -> str:
    """DuckDB adds up, so that there is no value for no rows."""
    if call.kinds[0].name != "BOOLEAN" or call.distinct:
        raise call.refusal
    value = f"CASE WHEN {call.arguments[0]} THEN 1L WHEN NOT {call.arguments[0]} THEN 0L END"
    return f"CAST({call.of('sum', value)} AS {call.kind.spark})"


def _value_at(function: str) -> Rule:
    def rule(call: Aggregate) -> str:
        if len(call.kinds) != 2 or call.distinct:
            raise call.refusal
        check_order(call.kinds[1])
        known = f"{call.arguments[0]} IS NOT NULL AND {call.arguments[1]} IS NOT NULL"
        return call.of(function, ", ".join(call.arguments), extra=known)

    return rule


def _quantile(call: Aggregate) -> str:
    """The values sorted, and what lies between two of them, as DuckDB computes it."""
    shares = (call.data or {}).get("quantiles", ())
    if len(shares) != 1 or call.distinct or call.after or (call.data or {}).get("desc"):
        raise call.refusal
    share, of = shares[0], call.kinds[0]
    fraction = _fraction(share)
    if of.name not in _WHOLE | {"DOUBLE"} or call.kind.name != "DOUBLE":
        raise call.refusal
    value = cast(call.arguments[0], of, DOUBLE)
    values = f"array_sort({call.of('collect_list', value)})"
    at = f"(CAST(size(v) - 1 AS DOUBLE) * {double(fraction)})"
    low, high = (f"element_at(v, CAST({side}({at}) AS INT) + 1)" for side in ("floor", "ceil"))
    between = f"{low} + ({high} - {low}) * ({at} - CAST(floor({at}) AS DOUBLE))"
    body = f"CASE WHEN size(v) > 0 THEN CASE WHEN {low} = {high} THEN {low} ELSE {between} END END"
    return named(values, "v", body)


def _fraction(share: Mapping[str, Any]) -> float:
    of = kind_of(share["type"])
    if of.name == "DECIMAL" and isinstance(share.get("value"), int):
        return float(share["value"] / 10**of.scale)
    if of.name == "DOUBLE" and isinstance(share.get("value"), float):
        return float(share["value"])
    raise refused("a quantile of such a share")


def _collected(call: Aggregate, orders: Sequence[Mapping[str, Any]], expressions: Expressions, scope: Scope) -> str:
    """`list` and `string_agg` with ORDER BY; without it, the order of the rows is Spark's own."""
    if not orders or call.distinct:
        raise refused(f"{call.name} {'of DISTINCT values' if call.distinct else 'without ORDER BY'}")
    keys = [sort_key(expressions.rendered(o["expression"], scope), kind(o["expression"])) for o in orders]
    names = [f"k{i}" for i in range(len(keys))]
    parts = ", ".join(f"'{name}', {key}" for name, key in zip(names, keys, strict=True))
    present = f"{call.arguments[0]} IS NOT NULL" if call.name in _TEXTS else ""
    items = call.of("collect_list", f"named_struct('v', {call.arguments[0]}, {parts})", extra=present)
    compared = " ".join(_comparison(name, order) for name, order in zip(names, orders, strict=True))
    values = f"transform(array_sort({items}, (l, r) -> CASE {compared} ELSE 0 END), s -> s.v)"
    values = named(values, "v", "CASE WHEN size(v) > 0 THEN v END")
    if call.name not in _TEXTS:
        return values
    separator = (call.data or {}).get("separator", ",")
    return f"array_join({values}, {text(separator)})"


def _comparison(name: str, order: Mapping[str, Any]) -> str:
    """When the left of two rows comes first, and when the right, by one key."""
    left, right = f"l.{name}", f"r.{name}"
    down, last = direction(order) == "DESC", nulls(order) == "NULLS LAST"
    empty = 1 if last else -1
    return (
        f"WHEN {left} IS NULL AND {right} IS NOT NULL THEN {empty}"
        f" WHEN {left} IS NOT NULL AND {right} IS NULL THEN {-empty}"
        f" WHEN {left} < {right} THEN {1 if down else -1} WHEN {left} > {right} THEN {-1 if down else 1}"
    )


def lone_value(node: Expression, expressions: Expressions, scope: Scope) -> str:
    """`first` of one row at most, which a subquery that is an expression has."""
    return f"any_value({expressions.rendered(node['children'][0], scope)})"


def is_lone(nodes: Sequence[Expression]) -> bool:
    """Whether the aggregates are those of a subquery that is an expression: its value, and how many it has."""
    names = [function_name(node) for node in nodes]
    return names == ["first", "count_star"] and not any(node.get("filter") or node.get("order_bys") for node in nodes)


Rule = Callable[[Aggregate], str]
_TEXTS = frozenset({"string_agg", "group_concat", "listagg"})
_ORDERED = _TEXTS | {"list", "array_agg"}
_RULES: Mapping[str, Rule] = {
    "count_star": _rows,
    "count": _count,
    "count_if": _count_if,
    "countif": _count_if,
    "sum": _sum,
    "avg": _average,
    "mean": _average,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "bool_and": _plain("bool_and", "BOOLEAN"),
    "bool_or": _plain("bool_or", "BOOLEAN"),
    "any_value": _any,
    "arg_max": _value_at("max_by"),
    "argmax": _value_at("max_by"),
    "max_by": _value_at("max_by"),
    "arg_min": _value_at("min_by"),
    "argmin": _value_at("min_by"),
    "min_by": _value_at("min_by"),
    "median": _quantile,
    "quantile_cont": _quantile,
}
