"""Joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from supertable.adapters.engines.spark.translation.expressions import Expressions, Scope, kind
from supertable.adapters.engines.spark.translation.functions.comparisons import OPERATORS, compared
from supertable.adapters.engines.spark.translation.kinds import BOOLEAN, Kind
from supertable.adapters.engines.spark.translation.refusals import TOO_MANY_ROWS, refused
from supertable.adapters.engines.spark.translation.relations import Aliases, SparkRelation, selected

_KINDS = {
    "INNER": "INNER JOIN",
    "LEFT": "LEFT JOIN",
    "RIGHT": "RIGHT JOIN",
    "FULL": "FULL JOIN",
    "OUTER": "FULL JOIN",
    "SINGLE": "LEFT JOIN",
    "SEMI": "LEFT SEMI JOIN",
    "ANTI": "LEFT ANTI JOIN",
}
_LEFT_ALONE = frozenset({"SEMI", "ANTI"})


def crossed(left: SparkRelation, right: SparkRelation, aliases: Aliases) -> SparkRelation:
    one, other = aliases.next(), aliases.next()
    values = [*left.columns(one), *right.columns(other)]
    sql = f"SELECT {selected(values)} FROM {left.aliased(one)} CROSS JOIN {right.aliased(other)}"
    return SparkRelation(sql, (*left.kinds, *right.kinds))


def joined(
    node: Mapping[str, Any], left: SparkRelation, right: SparkRelation, expressions: Expressions, aliases: Aliases
) -> SparkRelation:
    """A join by comparisons of both sides, or by any condition. Raises `NotOnSpark`."""
    if node["join_type"] == "MARK":
        return _marked(node, left, right, expressions, aliases)
    word = _KINDS.get(node["join_type"])
    if word is None:
        raise refused(f"a join of the kind {node['join_type']}")
    if node["join_type"] == "SINGLE":
        right = _one_row_each(node, right, expressions, aliases)
    one, other = aliases.next(), aliases.next()
    condition = _condition(node, left.columns(one), right.columns(other), expressions)
    source = f"{left.aliased(one)} {word} {right.aliased(other)} ON {condition}"
    values = list(zip(left.columns(one), left.kinds, strict=True))
    kept = _mapped(node.get("left_projection_map"), values)
    if node["join_type"] not in _LEFT_ALONE:
        kept += _mapped(node.get("right_projection_map"), list(zip(right.columns(other), right.kinds, strict=True)))
    return SparkRelation(f"SELECT {selected([v for v, _ in kept])} FROM {source}", tuple(k for _, k in kept))


def _one_row_each(
    node: Mapping[str, Any], right: SparkRelation, expressions: Expressions, aliases: Aliases
) -> SparkRelation:
    """The rows of a subquery in place of a value, which fails if it has two for one row of the left side."""
    conditions = node.get("conditions", ())
    if not conditions or any(one.get("comparison") != "COMPARE_NOT_DISTINCT_FROM" for one in conditions):
        raise refused("a subquery in place of a value with such a condition")
    alias = aliases.next()
    columns = right.columns(alias)
    keys = expressions.all_rendered([one["right"] for one in conditions], columns)
    values = [
        f"CASE WHEN count(*) > 1 THEN CAST({TOO_MANY_ROWS} AS {of.spark}) ELSE any_value({value}) END"
        for value, of in zip(columns, right.kinds, strict=True)
    ]
    return SparkRelation(
        f"SELECT {selected(values)} FROM {right.aliased(alias)} GROUP BY {', '.join(keys)}", right.kinds
    )


def _mapped(places: Sequence[int] | None, columns: list[tuple[str, Kind]]) -> list[tuple[str, Kind]]:
    """The columns that the operator passes on; without a list: all."""
    return [columns[place] for place in places] if places else columns


def _condition(node: Mapping[str, Any], left: Scope, right: Scope, expressions: Expressions) -> str:
    if "condition" in node:
        return expressions.rendered(node["condition"], [*left, *right])
    parts = [_comparison(one, left, right, expressions) for one in node.get("conditions", ())]
    return " AND ".join(parts) or "TRUE"


def _comparison(one: Mapping[str, Any], left: Scope, right: Scope, expressions: Expressions) -> str:
    if "right" not in one:  # a condition of both sides
        return expressions.rendered(one["left"], [*left, *right])
    operator = OPERATORS.get(one.get("comparison", ""))
    if operator is None or kind(one["left"]) != kind(one["right"]):
        raise refused("a join with such a condition")
    sides = expressions.rendered(one["left"], left), expressions.rendered(one["right"], right)
    return compared(operator, *sides, kind(one["left"]))


def _marked(
    node: Mapping[str, Any], left: SparkRelation, right: SparkRelation, expressions: Expressions, aliases: Aliases
) -> SparkRelation:
    """The left side, and for each of its rows whether the right side has such a row: IN and EXISTS.

    The right side is grouped by what tells its part for a row of the left side, and by the value that IN compares. For
    IN the answer is NULL where no value is equal, but one is NULL, or the left value is and there is one.
    """
    conditions = node.get("conditions", ())
    same = [one for one in conditions if one.get("comparison") == "COMPARE_NOT_DISTINCT_FROM"]
    equal = [one for one in conditions if one.get("comparison") == "COMPARE_EQUAL"]
    if len(same) + len(equal) != len(conditions) or len(equal) > 1 or "condition" in node:
        raise refused("ANY and ALL with such a comparison")
    one, inner = aliases.next(), aliases.next()
    part = [expressions.rendered(pair["right"], right.columns(inner)) for pair in same]
    wanted = [expressions.rendered(pair["left"], left.columns(one)) for pair in same]
    source, mark = left.aliased(one), "FALSE"
    if equal:
        source, mark = _in(equal[0], part, wanted, source, (left, one), (right, inner), expressions, aliases)
    else:
        found = aliases.next()
        rows = f"SELECT DISTINCT {selected(part)}, TRUE AS m FROM {right.aliased(inner)}"
        source = f"{source} LEFT JOIN ({rows}) AS {found} ON {_same(wanted, found)}"
        mark = f"coalesce({found}.m, FALSE)"
    kept = _mapped(node.get("left_projection_map"), list(zip(left.columns(one), left.kinds, strict=True)))
    values = [*(value for value, _ in kept), mark]
    return SparkRelation(f"SELECT {selected(values)} FROM {source}", (*(k for _, k in kept), BOOLEAN))


def _in(
    pair: Mapping[str, Any],
    part: list[str],
    wanted: list[str],
    source: str,
    left: tuple[SparkRelation, str],
    right: tuple[SparkRelation, str],
    expressions: Expressions,
    aliases: Aliases,
) -> tuple[str, str]:
    """The source with two joins more, and the value of IN."""
    value = expressions.rendered(pair["left"], left[0].columns(left[1]))
    other = expressions.rendered(pair["right"], right[0].columns(right[1]))
    found, counted = aliases.next(), aliases.next()
    equality = compared("=", value, f"{found}.v", kind(pair["left"]))
    if kind(pair["left"]) != kind(pair["right"]):
        raise refused("IN with values of different types")
    items = f"{selected(part)}, " if part else ""
    rows = f"SELECT DISTINCT {items}{other} AS v FROM {right[0].aliased(right[1])} WHERE {other} IS NOT NULL"
    groups = f" GROUP BY {', '.join(part)}" if part else ""
    sums = f"SELECT {items}count(*) AS n, count({other}) AS k FROM {right[0].aliased(right[1])}{groups}"
    source = (
        f"{source} LEFT JOIN ({rows}) AS {found} ON {_same(wanted, found)} AND {equality}"
        f" LEFT JOIN ({sums}) AS {counted} ON {_same(wanted, counted)}"
    )
    mark = (
        f"CASE WHEN {found}.v IS NOT NULL THEN TRUE WHEN coalesce({counted}.n, 0) = 0 THEN FALSE"
        f" WHEN {value} IS NULL OR {counted}.k < {counted}.n THEN CAST(NULL AS BOOLEAN) ELSE FALSE END"
    )
    return source, mark


def _same(wanted: list[str], alias: str) -> str:
    return " AND ".join(f"{value} <=> {alias}.c{i}" for i, value in enumerate(wanted)) or "TRUE"
