"""One writer's one-row commits, and reads after them, in a process of its own.

It is run by its path and imports nothing of the benchmarks, so that `PYTHONPATH` can name another version of
SuperTable. Arguments: the home of the lake, `commits` or `reads`, and the seconds, or the number of commits.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import supertable

SCHEMA = pa.schema([("id", pa.int64()), ("region", pa.string()), ("amount", pa.float64()), ("at", pa.timestamp("us"))])
_WARM = 20
_TURNS = 21
_READS = {
    "scan": "SELECT count(*), sum(id), sum(amount), count(DISTINCT region) FROM orders",
    "lookup": "SELECT * FROM orders WHERE id = 617",
}


def row(number: int) -> pa.Table:
    at = 1_700_000_000_000_000 + number
    return pa.table([[number], [f"region {number % 50}"], [number / 4], pa.array([at]).cast(SCHEMA.types[3])], SCHEMA)


def commits(lake: supertable.Lake, seconds: float) -> dict[str, float]:
    taken: list[float] = []
    used = time.process_time()
    end = (last := time.perf_counter()) + seconds
    while last < end:
        lake.write("orders", row(len(taken)))
        now = time.perf_counter()
        taken.append((now - last) * 1000)
        last = now
    used = time.process_time() - used
    return {
        "commits": len(taken),
        "per_second": len(taken) / (sum(taken) / 1000),
        "median_ms": statistics.median(taken),
        "p95_ms": sorted(taken)[int(len(taken) * 0.95)],
        "cpu_ms": used * 1000 / len(taken),
    }


def reads(lake: supertable.Lake, count: int, home: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Medians after so many commits, beside DuckDB over one clean Parquet file of the same rows, in turns."""
    started = lake.sql("SELECT count(*) AS n FROM orders").arrow()["n"][0].as_py()
    for number in range(started, count):
        lake.write("orders", row(number))
    clean = home / "clean.parquet"
    pq.write_table(pa.concat_tables([row(number) for number in range(count)]), clean)
    with duckdb.connect() as plain:
        plain.execute(f"CREATE VIEW orders AS FROM read_parquet('{clean}')")
        asks: dict[str, Callable[[str], pa.Table]] = {
            "lite": lambda sql: lake.sql(sql).arrow(),
            "parquet": lambda sql: plain.sql(sql).to_arrow_table(),
        }
        return {name: _read(sql, asks) for name, sql in _READS.items()}


def _read(sql: str, asks: dict[str, Callable[[str], pa.Table]]) -> dict[str, dict[str, float]]:
    answers = [ask(sql).to_pylist() for ask in asks.values()]
    assert [list(one.values()) for one in answers[0]] == [list(one.values()) for one in answers[1]], sql
    wall: dict[str, list[float]] = {name: [] for name in asks}
    cpu: dict[str, list[float]] = {name: [] for name in asks}
    for _ in range(_TURNS):
        for name, ask in asks.items():
            started, used = time.perf_counter(), time.process_time()
            ask(sql)
            cpu[name].append((time.process_time() - used) * 1000)
            wall[name].append((time.perf_counter() - started) * 1000)
    return {name: {"ms": statistics.median(wall[name]), "cpu_ms": statistics.median(cpu[name])} for name in asks}


def main() -> None:
    home, what, amount = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    with supertable.connect(home=home) as lake:
        lake.create_table("orders", SCHEMA)
        for number in range(_WARM):
            lake.write("orders", row(number))
        print(json.dumps(commits(lake, amount) if what == "commits" else reads(lake, int(amount), home)))


if __name__ == "__main__":
    main()
