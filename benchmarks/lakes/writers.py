"""Many writers to one table on SeaweedFS with the catalog in Valkey, and queries beside few and many other tables."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa

import supertable
from benchmarks.data import SCHEMA, orders
from benchmarks.machine import machine_facts
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.valkey import Valkey

_ROWS_PER_COMMIT = 10
_MAX_PROCESSES = 4
_ROWS = 100_000
_QUERY = "SELECT region, sum(amount) AS amount FROM orders GROUP BY region ORDER BY region"
_QUERIES = 200


def measure(writers: list[int], seconds: float, tables: tuple[int, int]) -> dict[str, Any]:
    """Start the servers and measure. `tables`: the two numbers of other tables. Prints progress."""
    with tempfile.TemporaryDirectory() as folder:
        store, redis = SeaweedFS(Path(folder) / "seaweedfs"), Valkey(Path(folder) / "valkey")
        try:
            environment = {**store.environment, **redis.environment}
            return {
                "machine": machine_facts(),
                "writers": [_measure_writers(environment, Path(folder), count, seconds) for count in writers],
                "other_tables": _measure_queries(environment, Path(folder), tables),
            }
        finally:
            redis.stop()
            store.stop()


def _open_lake(environment: Mapping[str, str], prefix: str, home: Path) -> Lake:
    os.environ.update(environment, SUPERTABLE_PREFIX=prefix)
    return supertable.connect(home=home)


def _measure_writers(environment: Mapping[str, str], folder: Path, writers: int, seconds: float) -> dict[str, Any]:
    """Let writers commit for some seconds. Each has its own lake; they share at most four processes."""
    prefix, processes = f"writers_{uuid4().hex}", min(writers, _MAX_PROCESSES)
    spawn = multiprocessing.get_context("spawn")
    with _open_lake(environment, prefix, folder / prefix) as lake, spawn.Manager() as manager:
        lake.create_table("orders", SCHEMA)
        ready = manager.Barrier(processes)
        with spawn.Pool(processes) as pool:
            share = (environment, prefix, folder / prefix, writers // processes, seconds, ready)
            found = pool.starmap(_run_writers, [share] * processes)
        taken = sorted(milliseconds for times, _ in found for milliseconds in times)
        commits, rows = lake.table("orders").info().version - 1, lake.sql("SELECT count(*) AS n FROM orders").arrow()
    assert commits == len(taken)
    assert rows.to_pylist() == [{"n": len(taken) * _ROWS_PER_COMMIT}]
    result = {
        "writers": writers,
        "processes": processes,
        "commits": commits,
        "commits_per_second": commits / seconds,
        "commit_ms_median": statistics.median(taken),
        "commit_ms_p95": taken[int(len(taken) * 0.95)],
        "errors_surfaced": sum(errors for _, errors in found),
    }
    rate, median, p95 = (result[name] for name in ("commits_per_second", "commit_ms_median", "commit_ms_p95"))
    _print(f"{writers:>3} writers: {rate:6.1f} commits/s, median {median:.0f} ms, p95 {p95:.0f} ms")
    _print(f"            errors, conflicts included: {result['errors_surfaced']}")
    return result


def _run_writers(
    environment: Mapping[str, str], prefix: str, home: Path, writers: int, seconds: float, ready: threading.Barrier
) -> tuple[list[float], int]:
    """Run one process' writers. Returns the milliseconds of every commit, and the number of errors."""
    lakes = [_open_lake(environment, prefix, home) for _ in range(writers)]
    for lake in lakes:
        lake.table("orders").info()
    ready.wait(300)
    end = time.monotonic() + seconds
    with ThreadPoolExecutor(writers) as threads:
        found = list(threads.map(lambda lake: _write_until(lake, end), lakes))
    for lake in lakes:
        lake.close()
    return [milliseconds for times, _ in found for milliseconds in times], sum(errors for _, errors in found)


def _write_until(lake: Lake, end: float) -> tuple[list[float], int]:
    rows = orders(np.arange(_ROWS_PER_COMMIT), seed=1)
    taken, errors = [], 0
    while (started := time.monotonic()) < end:
        try:
            lake.write("orders", rows)
        except supertable.SupertableError as error:
            print(error)
            errors += 1
        else:
            taken.append((time.monotonic() - started) * 1000)
    return taken, errors


def _measure_queries(environment: Mapping[str, str], folder: Path, tables: tuple[int, int]) -> dict[str, Any]:
    """Run the same query in two lakes in turns, so that other load on the machine affects both."""
    lakes = []
    for count in tables:
        prefix = f"others_{count}_{uuid4().hex}"
        lake = _open_lake(environment, prefix, folder / prefix)
        lake.create_table("orders", SCHEMA)
        lake.write("orders", orders(np.arange(_ROWS), seed=1))
        started = time.monotonic()
        for number in range(count):
            lake.create_table(f"other_{number}", pa.schema([("id", pa.int64())]))
        _print(f"{count:,} other tables created in {time.monotonic() - started:.0f} s")
        lakes.append(lake)
    times: list[list[float]] = [[] for _ in lakes]
    for _ in range(_QUERIES):
        for lake, taken in zip(lakes, times, strict=True):
            taken.append(_milliseconds(lambda lake=lake: lake.sql(_QUERY).arrow()))  # type: ignore[misc]
    for lake in lakes:
        lake.close()
    few, many = ({"tables": count, **_spread(taken)} for count, taken in zip(tables, times, strict=True))
    for found in (few, many):
        _print(f"a query beside {found['tables']:,} other tables: median {found['median_ms']:.1f} ms")
    return {"queries": _QUERIES, "few": few, "many": many}


def _spread(taken: list[float]) -> dict[str, float]:
    quarters = statistics.quantiles(taken[10:], n=4)
    return {"median_ms": quarters[1], "first_quarter_ms": quarters[0], "third_quarter_ms": quarters[2]}


def _milliseconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def _print(line: str) -> None:
    print(line, flush=True)
