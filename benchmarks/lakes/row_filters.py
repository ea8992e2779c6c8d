"""The cost of row filters: queries under a role that sees half of a table, beside a table that holds only that half.

Both tables have the same order of rows and the same number of files. The role's statements run over what it sees, in
an instance of their own; the others run over the files (see docs/adr/0022-governed-relations.md).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

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
    "group by with a cast": "SELECT city, count(*), sum(amount) FROM {t} WHERE code::INT > 500 GROUP BY city",
    "distinct text": "SELECT count(DISTINCT code) FROM {t}",
    "join": "SELECT count(*) FROM {t} JOIN cities USING (city) WHERE amount > 500",
    "top 10": "SELECT * FROM {t} ORDER BY amount DESC, id LIMIT 10",
    "first 10": "SELECT id, city FROM {t} WHERE id >= 0 LIMIT 10",
    "all rows": "SELECT * FROM {t}",
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
    answers = {name: lake.sql(text).arrow() for name, (lake, text) in queries.items()}
    assert answers["role"].sort_by(_all(answers["role"])) == answers["copy"].sort_by(_all(answers["copy"])), case
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in queries}
    for _ in range(RUNS):
        for name, (lake, text) in queries.items():
            times[name].append(_seconds(lake, text))
    found: dict[str, float] = {}
    for number, kind in enumerate(("", " cpu")):
        role, copy = (median(taken[number] for taken in times[name]) * 1_000 for name in queries)
        found |= {f"role{kind}": round(role, 2), f"copy{kind}": round(copy, 2), f"ratio{kind}": round(role / copy, 2)}
    print(f"{case:24} role {found['role']:8.2f} ms   copy {found['copy']:8.2f} ms   {found['ratio']:.2f}x", flush=True)
    return found


def _seconds(lake: Lake, sql: str) -> tuple[float, float]:
    """The time and the CPU time of one run."""
    started, used = perf_counter(), process_time()
    for _ in lake.sql(sql).batches():
        pass
    return perf_counter() - started, process_time() - used


def _all(table: pa.Table) -> list[tuple[str, str]]:
    return [(name, "ascending") for name in table.column_names]


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
