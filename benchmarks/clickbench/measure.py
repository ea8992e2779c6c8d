"""ClickBench's queries over generated hits, which were loaded in ten appends.

Beside it, DuckDB over one Parquet file of the same rows, DuckLake and delta-rs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.clickbench.hits import hits
from benchmarks.clickbench.queries import queries
from benchmarks.data import clean_file
from benchmarks.engines.many_queries import compare, load
from benchmarks.engines.sides import LakeSide, ParquetSide, Side, peers_of
from benchmarks.machine import machine_facts

BATCHES = 10


def measure(rows: int, turns: int, peers: bool) -> dict[str, Any]:
    """Prints milliseconds and the ratio of each query."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        table = hits(rows)
        clean_file(table, folder / "hits.parquet")
        lake = LakeSide(folder / "home")
        others, left_out = peers_of(folder) if peers else ([], {})
        loaded: list[Side] = [lake, *others]
        size = -(-rows // BATCHES)
        seconds = load(loaded, [("hits", table.slice(first, size), []) for first in range(0, rows, size)])
        del table
        sides = [ParquetSide({"hits": folder / "hits.parquet"}), *loaded]
        found = compare("clickbench", sides, queries(rows), turns)
        for side in sides:
            side.close()
    times = {type(side).__name__: taken for side, taken in zip(loaded, seconds, strict=True)}
    facts = {"machine": machine_facts(), "duckdb": duckdb.__version__, "rows": rows, "turns": turns}
    return facts | {"load_seconds": times, "missing": lake.left_out | left_out, "ready": lake.ready, **found}
