"""SPARK beside LITE and PRO, on a server of this machine: many files, dead rows, the dashboard's queries,
a thousand queries through its sessions, cancels, and servers that are killed.

One machine shows what SPARK costs, not what a cluster gains. Every answer is compared with a model without an engine.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import supertable
from benchmarks.engines.choosing import warm
from benchmarks.engines.dashboard_model import SCHEMA, changes, first_state, rows_of, tiles
from benchmarks.engines.flights import flights_on_spark
from benchmarks.engines.spark_outages import outages
from benchmarks.engines.spark_pool import many_queries
from benchmarks.machine import machine_facts
from supertable import Lake, SupertableError
from tests.servers.spark_thrift import SparkThrift

_ENGINES = ("spark", "pro", "lite")
_FILES, _ROWS_OF_A_FILE = 10, 150_000
_SMALL_FILES, _ROWS_OF_A_SMALL_FILE = 300, 100
_BATCH = 128
Rows = list[tuple[Any, ...]]
Found = dict[str, Any]


def measure(turns: int, queries: int, threads: int) -> Found:
    """Prints each result. `turns`: of each read. `queries`: through the sessions, by `threads`."""
    settings = {"RESULT_CACHE_BYTES": "0", "INLINE_ROWS": "0", "SPARK_BATCH_SIZE": str(_BATCH)}
    os.environ.update({f"SUPERTABLE_{name}": value for name, value in settings.items()})
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        server = SparkThrift(folder / "server")
        try:
            os.environ.update(server.environment)
            document: Found = {"machine": machine_facts(), "turns": turns, "batch_size": _BATCH}
            with supertable.connect(folder / "reads") as lake:
                document["reads"] = _reads(lake, turns)
            with supertable.connect(folder / "dashboard") as lake:
                document["dashboard"] = _dashboard(lake)
                document["flights"] = flights_on_spark(lake)
            document["many_queries"] = many_queries(folder / "many", server, queries, threads)
            return document | {"outages": outages(folder / "outages", server, turns)}
        finally:
            server.stop()


def _reads(lake: Lake, turns: int) -> Found:
    """Milliseconds, as medians, until each engine has a plan, the first rows and the last, by statement."""
    _write(lake)
    k = np.arange(_FILES * _ROWS_OF_A_FILE)
    live = k[k % 3 != 1]
    groups = [(g, int((live % 97 == g).sum()), int(live[live % 97 == g].sum())) for g in range(97)]
    small = np.arange(_SMALL_FILES * _ROWS_OF_A_SMALL_FILE)
    chosen = small[small % _ROWS_OF_A_SMALL_FILE % 7 < 5]
    cases: dict[str, tuple[str, Callable[[Rows], bool]]] = {
        "sum of 1.0 M live rows beside 0.5 M dead ones": (
            "SELECT count(*), sum(k)::BIGINT FROM big WHERE k >= 0",
            lambda rows: rows == [(len(live), int(live.sum()))],
        ),
        "97 groups of them": (
            "SELECT g, count(*), sum(k)::BIGINT FROM big GROUP BY g ORDER BY g",
            lambda rows: rows == groups,
        ),
        "all of them": ("SELECT k, g FROM big", lambda rows: sorted(rows) == [(int(n), int(n % 97)) for n in live]),
        "sum over 300 files": (
            "SELECT count(*), sum(k)::BIGINT FROM small WHERE g < 5",
            lambda rows: rows == [(len(chosen), int(chosen.sum()))],
        ),
    }
    return {name: _read(lake, name, sql, is_right, turns) for name, (sql, is_right) in cases.items()}


def _write(lake: Lake) -> None:
    for first in range(0, _FILES * _ROWS_OF_A_FILE, _ROWS_OF_A_FILE):
        k = np.arange(first, first + _ROWS_OF_A_FILE)
        lake.write("big", pa.table({"k": k, "g": k % 97}))
    lake.delete("big", "k % 3 = 1")
    for first in range(0, _SMALL_FILES * _ROWS_OF_A_SMALL_FILE, _ROWS_OF_A_SMALL_FILE):
        k = np.arange(first, first + _ROWS_OF_A_SMALL_FILE)
        lake.write("small", pa.table({"k": k, "g": (k - first) % 7}))


def _read(lake: Lake, name: str, sql: str, is_right: Callable[[Rows], bool], turns: int) -> Found:
    warm(lake, "pro", sql)
    taken: dict[str, list[list[float]]] = {engine: [] for engine in _ENGINES}
    for _ in range(turns):
        for engine in _ENGINES:
            started = time.perf_counter()
            result = lake.sql(sql, engine=engine, stream=True)
            times = [time.perf_counter() - started]
            batches = result.batches()
            rows = [next(batches)]
            times.append(time.perf_counter() - started)
            rows += list(batches)
            times.append(time.perf_counter() - started)
            taken[engine].append(times)
            assert result.engine == engine, result.engine_reason
            assert is_right([tuple(row.values()) for row in pa.Table.from_batches(rows).to_pylist()]), (engine, sql)
    steps = ("plan_ms", "first_rows_ms", "last_rows_ms")
    found = {
        engine: {
            step: 1_000 * statistics.median(each) for step, each in zip(steps, zip(*times, strict=True), strict=True)
        }
        for engine, times in taken.items()
    }
    print(name, {engine: [round(value) for value in times.values()] for engine, times in found.items()}, flush=True)
    return {"sql": sql, **found}


def _dashboard(lake: Lake, rows: int = 100_000) -> Found:
    """How SPARK answers the twenty queries of the dashboard, at the first version and after ten changes."""
    state = first_state(rows)
    lake.create_table("sales", SCHEMA, keys="id")
    lake.write("sales", rows_of(state, np.arange(rows)))
    found: Found = {"same": 0, "answered by LITE": 0, "different": [], "refused": {}}
    for turn in range(2):
        for seed in range(10 * turn):
            ids, state = changes(state, 500, seed)
            lake.write("sales", rows_of(state, ids), mode="upsert")
        for tile in tiles(rows):
            try:
                result = lake.sql(tile.sql, engine="spark")
                same = list(result) == tile.model(state)
            except SupertableError as error:
                found["refused"][tile.sql] = str(error)
                continue
            found["answered by LITE"] += result.engine != "spark"
            found["same"] += same
            found["different"] += [] if same else [tile.sql]
    print(f"dashboard: {found}", flush=True)
    return found
