"""The operators of a bound plan that have none below them: tables, ranges and constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from supertable.adapters.engines.spark.translation.binding import SparkView
from supertable.adapters.engines.spark.translation.constants import constant, null
from supertable.adapters.engines.spark.translation.expressions import Expressions
from supertable.adapters.engines.spark.translation.kinds import BIGINT, Kind, kind_of
from supertable.adapters.engines.spark.translation.refusals import refused
from supertable.adapters.engines.spark.translation.relations import Aliases, SparkRelation, selected

Node = Mapping[str, Any]
_ROW_ID = 2**64 - 1


class Sources:
    """Translates one plan's. `views`: by the names of the tables in the plan. Raises `NotOnSpark`."""

    def __init__(self, views: Mapping[str, SparkView], expressions: Expressions, aliases: Aliases) -> None:
        self._views = views
        self._expressions = expressions
        self._aliases = aliases

    def get(self, node: Node) -> SparkRelation:
        name = node["qname"]["path"][-1]
        if name in ("range", "generate_series"):
            return self._series(node, name)
        if name == "unnest":
            return self._constant_list(node)
        view = self._views.get(node.get("function_data", {}).get("table", "")) if name == "seq_scan" else None
        if view is None:
            raise refused(f"the table function {name}")
        alias, kinds, values = self._aliases.next(), [], []
        for entry in node["column_indexes"]:
            place = entry.get("index", 0)
            if entry.keys() - {"index"} or (place != _ROW_ID and place >= len(view.columns)):
                raise refused("such a column")
            kinds.append(BIGINT if place == _ROW_ID else kind_of(node["returned_types"][place]))
            values.append(null(BIGINT) if place == _ROW_ID else _as_bound(f"{alias}.c{place}", kinds[-1]))
        columns = ", ".join(f"c{i}" for i in range(len(view.columns)))
        return SparkRelation(f"SELECT {selected(values)} FROM `{view.name}` AS {alias}({columns})", tuple(kinds))

    def _series(self, node: Node, name: str) -> SparkRelation:
        numbers = [value.get("value") for value in node.get("parameters", ())]
        if not 1 <= len(numbers) <= 3 or not all(type(number) is int for number in numbers):
            raise refused(f"the table function {name}")
        start, end = [0, numbers[0]] if len(numbers) == 1 else numbers[:2]
        step = numbers[2] if len(numbers) > 2 else 1
        if step < 1:
            raise refused(f"the table function {name}")
        end += name == "generate_series"
        alias = self._aliases.next()
        sql = f"SELECT {alias}.id AS c0 FROM range({start}L, greatest({start}L, {end}L), {step}L) AS {alias}"
        return SparkRelation(sql, (BIGINT,))

    def _constant_list(self, node: Node) -> SparkRelation:
        """FROM unnest of a constant."""
        (value,) = node["parameters"]
        of = kind_of(value["type"])
        if of.name != "LIST" or of.parts[0].name == "STRUCT":
            raise refused("unnest of such a type")
        return SparkRelation(f"SELECT explode({constant(value, of)}) AS c0", of.parts)

    def dummy(self, _: Node) -> SparkRelation:
        return SparkRelation("SELECT 1 AS c0", (Kind("INTEGER"),))

    def rows(self, node: Node) -> SparkRelation:
        """VALUES."""
        kinds = tuple(kind_of(given) for given in node["expr_types"])
        if node["children"][0]["type"] != "LOGICAL_DUMMY_SCAN":
            raise refused("VALUES with the columns of another table")
        rows = [self._expressions.all_rendered(row, ()) for row in node["expressions"]]
        return SparkRelation(" UNION ALL ".join(f"SELECT {selected(row)}" for row in rows), kinds)

    def chunk(self, node: Node) -> SparkRelation:
        """Constants that DuckDB keeps by columns, as the answer of DESCRIBE."""
        collection = node["collection"]
        kinds = tuple(kind_of(given) for given in collection["types"])
        columns = [
            [constant(value, one) for value in values] for one, values in zip(kinds, collection["values"], strict=True)
        ]
        rows = [selected(row) for row in zip(*columns, strict=True)]
        return SparkRelation(" UNION ALL ".join(f"SELECT {row}" for row in rows), kinds) if rows else _no_rows(kinds)

    def empty(self, node: Node) -> SparkRelation:
        return _no_rows(tuple(kind_of(given) for given in node.get("return_types", ())))


def _no_rows(kinds: tuple[Kind, ...]) -> SparkRelation:
    return SparkRelation(f"SELECT {selected([null(one) for one in kinds])} WHERE FALSE", kinds)


def _as_bound(column: str, of: Kind) -> str:
    """A column of a view. The members of its structs get our names."""
    return f"CAST({column} AS {of.spark})" if of.nested else column


SOURCES: Mapping[str, Callable[[Sources, Node], SparkRelation]] = {
    "LOGICAL_GET": Sources.get,
    "LOGICAL_DUMMY_SCAN": Sources.dummy,
    "LOGICAL_EXPRESSION_GET": Sources.rows,
    "LOGICAL_CHUNK_GET": Sources.chunk,
    "LOGICAL_EMPTY_RESULT": Sources.empty,
}
