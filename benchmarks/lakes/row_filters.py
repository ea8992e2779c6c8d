"""The cost of row filters: queries under a role that sees half of a table, beside a table that holds only that half.

Both tables have the same order of rows and the same number of files. Queries named "fenced" could fail on hidden rows,
so the row filter runs behind a barrier; see `adapters/engines/duckdb/access_stage.py`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

import supertable
from supertable import Lake

ROWS = 3_000_000
RUNS = 15
CASES = {
    "count": "SELECT count(*) FROM {t}",
    "one row by id": "SELECT * FROM {t} WHERE id = 1500000",
    "range of ids": "SELECT sum(amount) FROM {t} WHERE id BETWEEN 1000000 AND 1010000",
    "group by": "SELECT city, count(*), sum(amount) FROM {t} GROUP BY city",
    "group by, fenced": "SELECT city, count(*), sum(amount) FROM {t} WHERE CAST(code AS INTEGER) > 500 GROUP BY city",
    "one row by id, fenced": "SELECT * FROM {t} WHERE id = 1500000 AND CAST(code AS INTEGER) >= 0",
    "join, fenced": "SELECT count(*) FROM {t} JOIN cities USING (city) WHERE amount > 500",
}


def measure() -> dict[str, dict[str, float]]:
    """Medians in milliseconds and their ratio, by case. Prints each."""
    with tempfile.TemporaryDirectory() as home:
        _fill(Path(home))
        with supertable.connect(home) as owner, supertable.connect(home, role="north") as north:
            return {case: _compare(case, sql, owner, north) for case, sql in CASES.items()}


def _compare(case: str, sql: str, owner: Lake, north: Lake) -> dict[str, float]:
    """Run both queries in turns, so that other load on the machine affects both."""
    queries = {"role": (north, sql.format(t="orders")), "copy": (owner, sql.format(t="northern"))}
    answers = {name: _sorted(lake.sql(text).arrow()) for name, (lake, text) in queries.items()}
    assert answers["role"] == answers["copy"], case
    times: dict[str, list[float]] = {name: [] for name in queries}
    for _ in range(RUNS):
        for name, (lake, text) in queries.items():
            started = perf_counter()
            lake.sql(text).arrow()
            times[name].append((perf_counter() - started) * 1_000)
    found = {name: round(median(taken), 2) for name, taken in times.items()}
    found["ratio"] = round(found["role"] / found["copy"], 2)
    print(f"{case:24} role {found['role']:8.2f} ms   copy {found['copy']:8.2f} ms   {found['ratio']:.2f}x", flush=True)
    return found


def _sorted(table: pa.Table) -> list[Any]:
    return sorted(map(repr, table.to_pylist()))


def _fill(home: Path) -> None:
    numbers = np.arange(ROWS)
    whole = pa.table(
        {
            "id": numbers,
            "region": np.where(numbers % 2 == 0, "north", "south"),
            "city": [f"city {number}" for number in range(500)] * (ROWS // 500),
            "amount": numbers % 1_000,
            "code": (numbers % 1_000).astype(str),
        }
    )
    with supertable.connect(home) as lake:
        for name, rows in {"orders": whole, "northern": whole.filter(pa.array(numbers % 2 == 0))}.items():
            lake.create_table_from(name, rows)
        lake.create_table_from("cities", pa.table({"city": [f"city {number}" for number in range(0, 500, 5)]}))
        lake.roles.create("north", "reader", "cities")
        lake.roles.grant("north", "orders", where="region = 'north'")
