"""The queries of TPC-H on a lake, beside the same engine on the Parquet files that the lake was loaded from."""

from __future__ import annotations

import math
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import supertable
from benchmarks.machine import machine_facts
from benchmarks.tpch.queries import QUERIES, TABLES

Ask = Callable[[str], pa.Table]


def measure(scale: float, turns: int) -> dict[str, Any]:
    """Generate and load the tables, and time each query by turns. Prints milliseconds and the ratio of each."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        subprocess.run(["tpchgen-cli", "parquet", "-s", str(scale), "-o", source, "--quiet"], check=True)
        with supertable.connect(home=Path(folder) / "home") as lake, duckdb.connect() as plain:
            for table in TABLES:
                lake.create_table_from(table, pq.read_table(source / f"{table}.parquet"))
                plain.execute(f"CREATE VIEW {table} AS FROM read_parquet('{source}/{table}.parquet')")
            ask_lake: Ask = lambda sql: lake.sql(sql).arrow()  # noqa: E731
            ask_plain: Ask = lambda sql: plain.sql(sql).to_arrow_table()  # noqa: E731
            found = {number: _time(number, ask_lake, ask_plain, turns) for number in QUERIES}
    ratio = math.exp(statistics.mean(math.log(one["ratio"]) for one in found.values()))
    print(f"geometric mean of the ratios, lake : Parquet, DuckDB {duckdb.__version__}: {ratio:.2f}")
    facts = {"machine": machine_facts(), "duckdb": duckdb.__version__, "scale": scale}
    return facts | {"mean_ratio": ratio, "queries": found}


def _time(number: int, lake: Ask, plain: Ask, turns: int) -> dict[str, float]:
    sql = QUERIES[number]
    assert lake(sql).to_pylist() == plain(sql).to_pylist(), f"the answers to query {number} differ"
    times: dict[str, list[float]] = {"lake": [], "parquet": []}
    for _ in range(turns):
        for name, ask in (("lake", lake), ("parquet", plain)):
            started = time.perf_counter()
            ask(sql)
            times[name].append((time.perf_counter() - started) * 1000)
    medians = {f"{name}_ms": statistics.median(taken) for name, taken in times.items()}
    ratio = medians["lake_ms"] / medians["parquet_ms"]
    print(f"query {number:>2}: {medians['lake_ms']:8.0f} ms {medians['parquet_ms']:8.0f} ms {ratio:6.2f}", flush=True)
    return medians | {"ratio": ratio}
