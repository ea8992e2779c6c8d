"""What Pro does behind queries: its first load of a large table, its refresh after an upsert, and its merges."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np

import supertable
from benchmarks.data import SCHEMA, orders, some_ids
from benchmarks.engines.choosing import ask, engines_of, keeper_of, warm
from benchmarks.engines.memory import resident_bytes
from benchmarks.engines.timing import Times
from benchmarks.machine import machine_facts
from benchmarks.peers.cases import GROUP_BY

_STEP = 1_000_000


def measure(rows: int, upserted: int, turns: int) -> dict[str, Any]:
    """Prints each time. `turns`: upserts of `upserted` scattered rows."""
    sizes = {"rows": rows, "upserted": upserted, "turns": turns}
    with tempfile.TemporaryDirectory() as folder, supertable.connect(folder) as lake:
        engines, missing = engines_of(lake)
        facts = {"machine": machine_facts(), "sizes": sizes, "left_out": missing}
        if "pro" not in engines:
            return facts
        lake.create_table("orders", SCHEMA, keys="id")
        for first in range(0, rows, _STEP):
            lake.write("orders", orders(np.arange(first, min(first + _STEP, rows)), seed=first), mode="append")
        before = resident_bytes()
        return facts | _load(lake) | _upserts(lake, rows, upserted, turns) | {
            "resident_bytes_before": before,
            "resident_bytes_after": resident_bytes(),
            "kept_bytes": keeper_of(lake).size(),
        }  # fmt: skip


def _load(lake: supertable.Lake) -> dict[str, Any]:
    sql = GROUP_BY.sql("orders")
    load, steady = Times(), Times()
    load.take(lambda: warm(lake, "pro", sql))
    for _ in range(5):
        steady.take(lambda: ask(lake, sql, "pro"))
    print(f"load {load.medians()}, then a group-by {steady.medians()}", flush=True)
    return {"load": load.medians(), "group_by": steady.medians()}


def _upserts(lake: supertable.Lake, rows: int, upserted: int, turns: int) -> dict[str, Any]:
    """The upsert, the first query after it, one more, and what is left to do behind the queries."""
    sql = GROUP_BY.sql("orders")
    steps = {name: Times() for name in ("upsert", "first query", "second query", "merge")}
    for turn in range(turns):
        batch = orders(some_ids(upserted, rows, seed=turn), seed=turn)
        steps["upsert"].take(lambda batch=batch: lake.write("orders", batch, mode="upsert"))  # type: ignore[misc]
        steps["first query"].take(lambda: ask(lake, sql, "pro"))
        steps["second query"].take(lambda: ask(lake, sql, "pro"))
        steps["merge"].take(lambda: warm(lake, "pro", sql))
    for name, times in steps.items():
        print(f"{name:<14}{times.medians()}, worst {max(times.wall):.0f} ms", flush=True)
    return {name.replace(" ", "_"): times.medians() | {"worst_ms": max(times.wall)} for name, times in steps.items()}
