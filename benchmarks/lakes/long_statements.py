"""The cost of long statements: lists of many constants, beside plain DuckDB over the same file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import supertable

ROWS = 200_000
RUNS = 5
_DAYS = ", ".join(f"DATE '2020-01-{1 + number % 28:02}'" for number in range(5_000))
_WORDS = ", ".join(f"'k{number}'" for number in range(10_000))
CASES = {
    "IN, 10,000 integers": f"SELECT count(*) FROM t WHERE id IN ({', '.join(map(str, range(10_000)))})",
    "NOT IN, 10,000 integers": f"SELECT count(*) FROM t WHERE id NOT IN ({', '.join(map(str, range(10_000)))})",
    "IN, 10,000 texts": f"SELECT count(*) FROM t WHERE name IN ({_WORDS})",
    "IN, 10,000 decimals": f"SELECT count(*) FROM t WHERE id IN ({', '.join(f'{n}.5' for n in range(10_000))})",
    "IN, 5,000 dates": f"SELECT count(*) FROM t WHERE day IN ({_DAYS})",
    "list of 10,000": f"SELECT count(*) FROM t WHERE list_contains([{_WORDS}], name)",
    "VALUES, 20,000 rows": "SELECT count(*), sum(a) FROM (VALUES "
    + ", ".join(f"({n}, 'x{n}', {n}.5)" for n in range(20_000))
    + ") AS v(a, b, c)",
}


def measure() -> dict[str, dict[str, float]]:
    """Medians in milliseconds and their ratio, by case. Prints each."""
    numbers = np.arange(ROWS)
    names = [f"k{number}" for number in range(ROWS)]
    rows = pa.table({"id": numbers, "name": names, "day": pa.array(numbers % 3_000, pa.int32()).cast(pa.date32())})
    with tempfile.TemporaryDirectory() as home, duckdb.connect() as plain:
        pq.write_table(rows, Path(home) / "t.parquet")
        plain.execute(f"CREATE VIEW t AS FROM read_parquet('{home}/t.parquet')")
        with supertable.connect(f"{home}/lake") as lake:
            lake.create_table_from("t", rows)
            return {
                case: _compare(
                    case,
                    lambda sql=sql: lake.sql(sql).arrow(),  # type: ignore[misc]
                    lambda sql=sql: plain.sql(sql).to_arrow_table(),  # type: ignore[misc]
                )
                for case, sql in CASES.items()
            }


def _compare(case: str, ours: Callable[[], pa.Table], plain: Callable[[], pa.Table]) -> dict[str, float]:
    """Run both in turns, so that other load on the machine affects both."""
    assert ours().to_pylist() == plain().to_pylist(), case
    times: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(RUNS):
        for name, run in (("ours", ours), ("plain", plain)):
            started = perf_counter()
            run()
            times[name].append((perf_counter() - started) * 1_000)
    found = {name: round(median(taken), 1) for name, taken in times.items()}
    found["ratio"] = round(found["ours"] / found["plain"], 2)
    print(f"{case:24} {found['ours']:8.1f} ms   DuckDB {found['plain']:8.1f} ms   {found['ratio']:.2f}x", flush=True)
    return found
