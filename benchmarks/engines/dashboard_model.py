"""The table of a dashboard, its queries, and their right answers at each version, by a model without an engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

SCHEMA = pa.schema([("id", pa.int64()), ("region", pa.string()), ("product", pa.int64()), ("qty", pa.int64())])
REGIONS, PRODUCTS = [f"region {number}" for number in range(8)], 40
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class State:
    """The rows of a version: the row of id n is at position n."""

    region: np.ndarray
    product: np.ndarray
    qty: np.ndarray


def first_state(rows: int) -> State:
    random = np.random.default_rng(1)
    return State(random.integers(0, 8, rows), random.integers(0, PRODUCTS, rows), random.integers(0, 100, rows))


def changes(state: State, count: int, seed: int) -> tuple[np.ndarray, State]:
    """Ids that the next version replaces, and all of its rows."""
    random = np.random.default_rng(seed)
    ids = np.sort(random.choice(len(state.qty), count, replace=False))
    found = State(state.region.copy(), state.product.copy(), state.qty.copy())
    found.region[ids] = random.integers(0, 8, count)
    found.qty[ids] = random.integers(0, 100, count)
    return ids, found


def rows_of(state: State, ids: np.ndarray) -> pa.Table:
    regions = pa.array(REGIONS).take(pa.array(state.region[ids]))
    return pa.table([pa.array(ids), regions, pa.array(state.product[ids]), pa.array(state.qty[ids])], schema=SCHEMA)


@dataclass(frozen=True, slots=True)
class Tile:
    """A query of the dashboard, and the model of its answer."""

    sql: str
    model: Callable[[State], Rows]


def tiles(rows: int) -> list[Tile]:
    """Twenty: totals, a group-by, the best products of regions, sums of products, and look-ups."""
    found = [
        Tile("SELECT count(*) AS n, sum(qty)::BIGINT AS qty, max(qty) AS most FROM sales", _totals),
        Tile(
            "SELECT region, count(*) AS n, sum(qty)::BIGINT AS qty FROM sales GROUP BY region ORDER BY region", _regions
        ),
    ]
    for region in range(6):
        sql = f"SELECT product, sum(qty)::BIGINT AS qty FROM sales WHERE region = '{REGIONS[region]}' "
        found.append(Tile(f"{sql}GROUP BY product ORDER BY qty DESC, product LIMIT 10", _best(region)))
    for product in range(6):
        sql = f"SELECT count(*) AS n, sum(qty)::BIGINT AS qty FROM sales WHERE product = {product}"
        found.append(Tile(sql, _product(product)))
    ids = np.random.default_rng(3).integers(0, rows, 6).tolist()
    return found + [Tile(f"SELECT region, product, qty FROM sales WHERE id = {id}", _row(id)) for id in ids]


def _totals(state: State) -> Rows:
    return [(len(state.qty), int(state.qty.sum()), int(state.qty.max()))]


def _regions(state: State) -> Rows:
    counts, sums = np.bincount(state.region, minlength=8), np.bincount(state.region, state.qty, 8)
    return [(REGIONS[n], int(counts[n]), int(sums[n])) for n in range(8) if counts[n]]


def _best(region: int) -> Callable[[State], Rows]:
    def found(state: State) -> Rows:
        here = state.region == region
        counts = np.bincount(state.product[here], minlength=PRODUCTS)
        sums = np.bincount(state.product[here], state.qty[here], PRODUCTS)
        known = [(n, int(sums[n])) for n in range(PRODUCTS) if counts[n]]
        return sorted(known, key=lambda one: (-one[1], one[0]))[:10]

    return found


def _product(product: int) -> Callable[[State], Rows]:
    def found(state: State) -> Rows:
        qty = state.qty[state.product == product]
        return [(len(qty), int(qty.sum()))]

    return found


def _row(number: int) -> Callable[[State], Rows]:
    return lambda state: [(REGIONS[state.region[number]], int(state.product[number]), int(state.qty[number]))]
