"""The operators of a bound plan, each as one SELECT over those below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from supertable.adapters.engines.duckdb.statement.parse_tree import nodes
from supertable.adapters.engines.spark.translation.aggregates import aggregated, is_lone, lone_value
from supertable.adapters.engines.spark.translation.binding import SparkView
from supertable.adapters.engines.spark.translation.expressions import Expressions, function_name, kind
from supertable.adapters.engines.spark.translation.functions.comparisons import check_equality
from supertable.adapters.engines.spark.translation.joins import crossed, joined
from supertable.adapters.engines.spark.translation.kinds import BIGINT, kind_of
from supertable.adapters.engines.spark.translation.orders import order_by
from supertable.adapters.engines.spark.translation.refusals import refused
from supertable.adapters.engines.spark.translation.relations import Aliases, SparkRelation, selected
from supertable.adapters.engines.spark.translation.sources import SOURCES, Sources
from supertable.adapters.engines.spark.translation.windows import windowed

Node = Mapping[str, Any]
_MOST_ROWS = 2**31 - 1


class Operators:
    """Translates one plan. `views`: by the names of the tables in the plan. Raises `NotOnSpark`."""

    def __init__(self, views: Mapping[str, SparkView]) -> None:
        self._expressions = Expressions()
        self._aliases = Aliases()
        self._sources = Sources(views, self._expressions, self._aliases)
        self._is_scalar = False

    def translated(self, node: Node) -> SparkRelation:
        if (source := SOURCES.get(node["type"])) is not None:
            return source(self._sources, node)
        translate = _OPERATORS.get(node["type"])
        if translate is None:
            raise refused(node["type"].removeprefix("LOGICAL_").replace("_", " "))
        return translate(self, node)

    def _child(self, node: Node) -> tuple[SparkRelation, str]:
        """The one operator below, and the name of it in FROM."""
        (child,) = node["children"]
        return self.translated(child), self._aliases.next()

    def _projection(self, node: Node) -> SparkRelation:
        """With `error` among its expressions, it is that of a subquery that may have one row at most."""
        self._is_scalar = _mentions_error(node["expressions"])
        below, alias = self._child(node)
        values = self._expressions.all_rendered(node["expressions"], below.columns(alias))
        return SparkRelation(
            f"SELECT {selected(values)} FROM {below.aliased(alias)}", tuple(map(kind, node["expressions"]))
        )

    def _filter(self, node: Node) -> SparkRelation:
        below, alias = self._child(node)
        columns = below.columns(alias)
        conditions = self._expressions.all_rendered(node["expressions"], columns)
        places = node.get("projection_map") or range(len(columns))
        values = selected([columns[place] for place in places])
        where = " AND ".join(conditions) or "TRUE"
        return SparkRelation(
            f"SELECT {values} FROM {below.aliased(alias)} WHERE {where}", tuple(below.kinds[place] for place in places)
        )

    def _aggregate(self, node: Node) -> SparkRelation:
        is_scalar, self._is_scalar = self._is_scalar, False
        below, alias = self._child(node)
        scope, expressions = below.columns(alias), node.get("expressions", ())
        groups = node.get("groups", ())
        for group in groups:
            check_equality(kind(group))
        keys = self._expressions.all_rendered(groups, scope)
        if is_scalar and is_lone(expressions):
            values = [lone_value(expressions[0], self._expressions, scope), "count(*)"]
        else:
            values = [aggregated(one, self._expressions, scope) for one in expressions]
        sets = node.get("grouping_sets", ())
        values += [_grouping(places, keys, len(sets) > 1) for places in node.get("grouping_functions", ())]
        kinds = (*map(kind, groups), *map(kind, expressions), *(BIGINT for _ in node.get("grouping_functions", ())))
        source = f"{below.aliased(alias)}{_group_by(keys, sets)}"
        return SparkRelation(f"SELECT {selected([*keys, *values])} FROM {source}", kinds)

    def _window(self, node: Node) -> SparkRelation:
        below, alias = self._child(node)
        scope = below.columns(alias)
        values = [*scope, *(windowed(one, self._expressions, scope) for one in node["expressions"])]
        return SparkRelation(
            f"SELECT {selected(values)} FROM {below.aliased(alias)}", (*below.kinds, *map(kind, node["expressions"]))
        )

    def _unnest(self, node: Node) -> SparkRelation:
        below, alias = self._child(node)
        scope, each = below.columns(alias), self._aliases.next()
        lists = [one["child"] for one in node["expressions"]]
        if any(kind(one).name != "LIST" for one in lists):
            raise refused("unnest of such a type")
        values = self._expressions.all_rendered(lists, scope)
        elements = tuple(kind(one).parts[0] for one in lists)
        if len(values) == 1:
            rows, items = f"explode({values[0]})", [f"{each}.v"]
        else:
            filled = ", ".join(f"coalesce({value}, array())" for value in values)
            rows, items = f"explode(arrays_zip({filled}))", [f"{each}.v.`{i}`" for i in range(len(values))]
        items = [f"CAST({item} AS {one.spark})" for item, one in zip(items, elements, strict=True)]
        source = f"{below.aliased(alias)} LATERAL VIEW {rows} {each} AS v"
        return SparkRelation(f"SELECT {selected([*scope, *items])} FROM {source}", (*below.kinds, *elements))

    def _order(self, node: Node) -> SparkRelation:
        below, alias = self._child(node)
        columns = below.columns(alias)
        places = node.get("projection_map") or node.get("projections") or range(len(columns))
        keys = order_by(node["orders"], self._expressions, columns)
        values = selected([columns[place] for place in places])
        return SparkRelation(
            f"SELECT {values} FROM {below.aliased(alias)} ORDER BY {keys}",
            tuple(below.kinds[place] for place in places),
        )

    def _limit(self, node: Node) -> SparkRelation:
        below, alias = self._child(node)
        limit, offset = (_number_of_rows(node[name]) for name in ("limit_val", "offset_val"))
        text = "" if limit is None else f" LIMIT {limit}"
        text += f" OFFSET {offset}" if offset else ""
        return SparkRelation(f"SELECT {selected(below.columns(alias))} FROM {below.aliased(alias)}{text}", below.kinds)

    def _distinct(self, node: Node) -> SparkRelation:
        below, alias = self._child(node)
        for one in below.kinds:
            check_equality(one)
        values = selected(below.columns(alias))
        if node["distinct_type"] == "DISTINCT":
            return SparkRelation(f"SELECT DISTINCT {values} FROM {below.aliased(alias)}", below.kinds)
        return self._distinct_on(node, below, alias)

    def _distinct_on(self, node: Node, below: SparkRelation, alias: str) -> SparkRelation:
        scope, outer = below.columns(alias), self._aliases.next()
        keys = ", ".join(self._expressions.all_rendered(node["distinct_targets"], scope))
        orders = (node.get("order_by") or {}).get("orders", ())
        if not orders:
            raise refused("DISTINCT ON without ORDER BY")
        order = order_by(orders, self._expressions, scope)
        number = f"row_number() OVER (PARTITION BY {keys} ORDER BY {order}) AS n"
        inner = f"SELECT {selected(scope)}, {number} FROM {below.aliased(alias)}"
        return SparkRelation(
            f"SELECT {selected(below.columns(outer))} FROM ({inner}) AS {outer} WHERE {outer}.n = 1", below.kinds
        )

    def _join(self, node: Node) -> SparkRelation:
        left, right = map(self.translated, node["children"])
        if node["type"] == "LOGICAL_CROSS_PRODUCT":
            return crossed(left, right, self._aliases)
        return joined(node, left, right, self._expressions, self._aliases)

    def _set(self, node: Node) -> SparkRelation:
        word = {"LOGICAL_UNION": "UNION ALL", "LOGICAL_EXCEPT": "EXCEPT", "LOGICAL_INTERSECT": "INTERSECT"}[
            node["type"]
        ]
        sides = list(map(self.translated, node["children"]))
        if len({side.kinds for side in sides}) != 1:
            raise refused(f"{word} of columns of different types")
        if word != "UNION ALL":
            for one in sides[0].kinds:
                check_equality(one)
            word += " ALL" if node.get("setop_all", True) else ""
        parts = []
        for side in sides:
            alias = self._aliases.next()
            parts.append(f"SELECT {selected(side.columns(alias))} FROM {side.aliased(alias)}")
        return SparkRelation(f" {word} ".join(parts), sides[0].kinds)

    def _cte(self, node: Node) -> SparkRelation:
        definition, consumer = node["children"]
        if definition["type"] == "LOGICAL_RECURSIVE_CTE":
            head = self._recursion(definition, _cte_name(node.get("table_index", 0)))
        else:
            head = f"WITH {_cte_name(node.get('table_index', 0))} AS ({self.translated(definition).sql})"
        outer, alias = self.translated(consumer), self._aliases.next()
        return SparkRelation(f"{head} SELECT {selected(outer.columns(alias))} FROM {outer.aliased(alias)}", outer.kinds)

    def _recursion(self, node: Node, outer: str) -> str:
        """`outer`: the name of its rows for the consumer."""
        if not node.get("union_all") or _references(node) != 1 or _has_aggregates(node["children"][1]):
            raise refused("WITH RECURSIVE of this form")
        first, step = map(self.translated, node["children"])
        if first.kinds != step.kinds:
            raise refused("WITH RECURSIVE of this form")
        columns = ", ".join(f"c{i}" for i in range(len(first.kinds)))
        name, sides = _cte_name(node.get("table_index", 0)), [self._aliases.next(), self._aliases.next()]
        parts = [
            f"SELECT {selected(one.columns(a))} FROM {one.aliased(a)}"
            for one, a in zip((first, step), sides, strict=True)
        ]
        rows = f"SELECT {selected([f'{name}.c{i}' for i in range(len(first.kinds))])} FROM {name}"
        return f"WITH RECURSIVE {name}({columns}) AS ({' UNION ALL '.join(parts)}), {outer} AS ({rows})"

    def _cte_reference(self, node: Node) -> SparkRelation:
        kinds = tuple(kind_of(given) for given in node["chunk_types"])
        alias = self._aliases.next()
        columns = [f"{alias}.c{i}" for i in range(len(kinds))]
        return SparkRelation(f"SELECT {selected(columns)} FROM {_cte_name(node.get('cte_index', 0))} AS {alias}", kinds)


def _mentions_error(expressions: Sequence[Mapping[str, Any]]) -> bool:
    return any(
        node.get("expression_class") == "BOUND_FUNCTION" and function_name(node) == "error"
        for node in nodes(expressions)
    )


def _references(recursion: Node) -> int:
    """How often the recursive part reads the rows found last."""
    found = (node for node in nodes(recursion["children"][1]) if node.get("type") == "LOGICAL_CTE_REF")
    return sum(node.get("cte_index", 0) == recursion.get("table_index", 0) for node in found)


def _has_aggregates(node: Node) -> bool:
    kinds = (
        "LOGICAL_AGGREGATE_AND_GROUP_BY",
        "LOGICAL_WINDOW",
        "LOGICAL_DISTINCT",
        "LOGICAL_ORDER_BY",
        "LOGICAL_LIMIT",
    )
    return any(part.get("type") in kinds for part in nodes(node))


def _cte_name(number: int) -> str:
    return f"w{int(number)}"


def _group_by(keys: Sequence[str], sets: Sequence[Sequence[int]]) -> str:
    if len(sets) > 1:
        written = ", ".join(f"({', '.join(keys[place] for place in one)})" for one in sets)
        return f" GROUP BY GROUPING SETS ({written})"
    return f" GROUP BY {', '.join(keys)}" if keys else ""


def _grouping(places: Sequence[int], keys: Sequence[str], in_sets: bool) -> str:
    """A bit for each key, the first the highest: whether the row is of all its values."""
    bits = [f"{2**i}L * grouping({keys[place]})" for i, place in enumerate(reversed(places)) if in_sets]
    return f"CAST({' + '.join(bits) or '0'} AS BIGINT)"


def _number_of_rows(given: Mapping[str, Any]) -> int | None:
    if given["type"] == "UNSET":
        return None
    if given["type"] != "CONSTANT_VALUE":
        raise refused("LIMIT and OFFSET that are no constant numbers")
    rows = int(given.get("constant_integer", 0))
    if rows > _MOST_ROWS:
        raise refused(f"LIMIT and OFFSET above {_MOST_ROWS}")
    return rows


_OPERATORS: Mapping[str, Callable[[Operators, Node], SparkRelation]] = {
    "LOGICAL_PROJECTION": Operators._projection,
    "LOGICAL_FILTER": Operators._filter,
    "LOGICAL_AGGREGATE_AND_GROUP_BY": Operators._aggregate,
    "LOGICAL_WINDOW": Operators._window,
    "LOGICAL_UNNEST": Operators._unnest,
    "LOGICAL_ORDER_BY": Operators._order,
    "LOGICAL_LIMIT": Operators._limit,
    "LOGICAL_DISTINCT": Operators._distinct,
    "LOGICAL_COMPARISON_JOIN": Operators._join,
    "LOGICAL_ANY_JOIN": Operators._join,
    "LOGICAL_CROSS_PRODUCT": Operators._join,
    "LOGICAL_UNION": Operators._set,
    "LOGICAL_EXCEPT": Operators._set,
    "LOGICAL_INTERSECT": Operators._set,
    "LOGICAL_MATERIALIZED_CTE": Operators._cte,
    "LOGICAL_CTE_REF": Operators._cte_reference,
}
