"""Random `$filter`, `$orderby` and `$apply` over a table of odd values, beside what they mean in plain Python."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import supertable
from supertable.entrypoints.odata.expressions.parser import parse_expression
from supertable.entrypoints.odata.model.entity_sets import entity_set
from supertable.entrypoints.odata.model.entity_types import EntityType
from supertable.entrypoints.odata.sql.entity_query import Page, QueryOptions, compose
from supertable.entrypoints.odata.sql.relations.relation import table_relation
from supertable.entrypoints.odata.sql.values.bindings import Bindings
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.support.budgets import BUDGET, chance
from tests.support.odata import meanings
from tests.support.odata.odd_rows import odd_rows, odd_table
from tests.support.odata.random_expressions import Expressions, Random

IN_ONE_STATEMENT = 30
ROWS = odd_rows()


@dataclass(frozen=True)
class World:
    lake: Lake
    entity: EntityType
    version: int

    def rows(self, options: QueryOptions, size: int = 1_000) -> list[dict[str, Any]]:
        """All rows of the answer, read in pages of this size."""
        rows: list[dict[str, Any]] = []
        after = None
        while True:
            query = compose(self.entity, options, self.version, Page(size, after))
            found = self.lake.sql(query.sql, parameters=query.parameters).arrow().to_pylist()
            rows += found[: query.rows]
            if len(found) <= query.rows:
                return rows
            last = found[query.rows - 1]
            after = query.position_after([last[name] for name in query.position_columns], query.rows)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home: Path = tmp_path_factory.mktemp("odata")
    with supertable.connect(home=home) as lake:
        table = odd_table()
        lake.create_table("odd", table.schema, keys=["id"])
        lake.write("odd", table)
        found = entity_set(lake._container, lake._namespace, "odd")
        assert found.version is not None
        yield World(lake, found.type, found.version)


def test_filters_mean_what_the_specification_says(world: World) -> None:
    made = Expressions(chance("odata filters"))
    for _ in range(BUDGET.odata_filters // IN_ONE_STATEMENT):
        batch = [made.condition() for _ in range(IN_ONE_STATEMENT)]
        wanted = [[each.value(row) is True for row in ROWS] for each in batch]
        for each, got, want in zip(batch, _answers(world, batch), wanted, strict=True):
            assert got == want, each.text


def _answers(world: World, batch: Sequence[Random]) -> list[list[bool]]:
    """For each condition, whether it holds for each row. One statement has many, since each costs milliseconds."""
    bindings, relation = Bindings(), table_relation(world.entity, world.version)
    compiler = relation.compiler(bindings, "$filter")
    conditions = [compiler.condition(parse_expression(each.text, "$filter")) for each in batch]
    columns = ", ".join(f"coalesce({sql}, FALSE) AS c{number}" for number, sql in enumerate(conditions))
    sql = f"SELECT {columns} {relation.from_where} ORDER BY id"
    found = world.lake.sql(sql, parameters=bindings.used_in(sql)).arrow()
    return [column.to_pylist() for column in found.columns]


def test_orders_and_their_pages_are_those_of_the_specification(world: World) -> None:
    source = chance("odata orders")
    made = Expressions(source)
    for _ in range(BUDGET.odata_orders):
        items = [(made.ordered(), source.random() < 0.5) for _ in range(source.randint(1, 3))]
        condition = made.condition(1)
        text = ",".join(f"{each.text}{' desc' if descending else ''}" for each, descending in items)
        options = QueryOptions(filter=condition.text, orderby=text, select="id")
        rows = [row for row in ROWS if condition.value(row) is True]
        rows.sort(key=lambda row: [*(meanings.sorting(each.value(row), down) for each, down in items), row["id"]])
        wanted = [row["id"] for row in rows]
        got = [row["id"] for row in world.rows(options, source.choice((1_000, 7, 19)))]
        assert got == wanted, (condition.text, text)


GROUPS = ("Flag", "Qty", "Name", "Day", "Price", "Address/City", "Clock", "At")
METHODS = ("sum", "min", "max", "average", "countdistinct")
MEASURES = ("Qty", "Big", "Huge", "Price", "id")


def test_groups_and_aggregates_are_those_of_the_specification(world: World) -> None:
    source = chance("odata groups")
    made = Expressions(source)
    for _ in range(BUDGET.odata_groups):
        paths = source.sample(GROUPS, source.randint(0, 2))
        values = [(source.choice(MEASURES), source.choice(METHODS)) for _ in range(source.randint(1, 3))]
        condition = made.condition(1)
        aggregate = ",".join(f"{name} with {method} as v{number}" for number, (name, method) in enumerate(values))
        aggregate = f"aggregate({aggregate},$count as n)"
        text = f"filter({condition.text})/" + (f"groupby(({','.join(paths)}),{aggregate})" if paths else aggregate)
        got = [
            _flat(row, paths, len(values)) for row in world.rows(QueryOptions(apply=text), source.choice((1_000, 3)))
        ]
        assert _comparable(got) == _comparable(_groups(condition, paths, values)), text


def _member(row: dict[str, Any], path: str) -> Any:
    found: Any = row
    for name in path.split("/"):
        found = None if found is None else found[name]
    return found


def _flat(row: dict[str, Any], paths: Sequence[str], values: int) -> tuple[Any, ...]:
    return (*(_member(row, path) for path in paths), *(row[f"v{number}"] for number in range(values)), row["n"])


def _groups(condition: Random, paths: Sequence[str], values: Sequence[tuple[str, str]]) -> list[tuple[Any, ...]]:
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {} if paths else {(): []}
    for row in ROWS:
        if condition.value(row) is True:
            groups.setdefault(tuple(_member(row, path) for path in paths), []).append(row)
    return [
        (*key, *(_aggregate([row[name] for row in rows], method) for name, method in values), len(rows))
        for key, rows in groups.items()
    ]


def _aggregate(values: Sequence[Any], method: str) -> Any:
    """Nulls are left out."""
    known = [value for value in values if value is not None]
    if method == "countdistinct":
        return len(set(known))
    if not known:
        return None
    if method == "average":
        return float(Fraction(sum(Fraction(value) for value in known)) / len(known))
    return sum(known) if method == "sum" else min(known) if method == "min" else max(known)


def _comparable(rows: Sequence[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    """Texts of the rows, in one order. Averages have twelve digits."""

    def text(value: Any) -> str:
        if isinstance(value, float):
            return f"{value:.11e}" if math.isfinite(value) else str(value)
        return f"{Decimal(value).normalize():f}" if isinstance(value, int | Decimal) else str(value)

    return sorted(tuple(text(value) for value in row) for row in rows)


def test_the_generator_makes_conditions_that_hold_for_some_rows() -> None:
    """A test of filters that never hold would show nothing."""
    made = Expressions(random.Random("always the same"))
    counts = [sum(condition.value(row) is True for row in ROWS) for condition in (made.condition() for _ in range(300))]
    assert sum(0 < count < len(ROWS) for count in counts) > 120
