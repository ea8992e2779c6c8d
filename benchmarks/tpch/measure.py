"""TPC-H loaded by upserts in ten batches, each of which replaces some rows of the one before; then its 22 queries.

Beside it, DuckDB over the Parquet files that TPC-H's generator writes, DuckLake and delta-rs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.engines.many_queries import compare, load
from benchmarks.engines.sides import LakeSide, ParquetSide, Side, peers_of
from benchmarks.machine import machine_facts
from benchmarks.tpch.queries import KEYS, QUERIES

BATCHES = 10
REPLACED = 0.05
Batch = tuple[str, pa.Table, Sequence[str]]


def measure(scale: float, turns: int, peers: bool) -> dict[str, Any]:
    """Generate and load the tables, and time each query in turns. Prints milliseconds and the ratio of each."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = _generate(folder / "source", scale)
        lake = LakeSide(folder / "home")
        others, left_out = peers_of(folder) if peers else ([], {})
        loaded: list[Side] = [lake, *others]
        seconds = load(loaded, _batches(files))
        sides = [ParquetSide(files), *loaded]
        times = {type(side).__name__: taken for side, taken in zip(loaded, seconds, strict=True)}
        print(f"seconds of loading: { ({name: round(taken, 1) for name, taken in times.items()}) }", flush=True)
        found = compare("tpch", sides, QUERIES, turns)
        for side in sides:
            side.close()
    facts = {"machine": machine_facts(), "duckdb": duckdb.__version__, "scale": scale, "turns": turns}
    return facts | {"load_seconds": times, "missing": lake.left_out | left_out, "ready": lake.ready, **found}


def _generate(folder: Path, scale: float) -> dict[str, Path]:
    """The file of each table, by its name."""
    tool = shutil.which("tpchgen-cli", path=Path(sys.executable).parent) or "tpchgen-cli"
    subprocess.run([tool, "parquet", "-s", str(scale), "-o", folder, "--quiet"], check=True)
    return {name: folder / f"{name}.parquet" for name in KEYS}


def _batches(files: dict[str, Path]) -> Iterator[Batch]:
    """The tables in order of their names. Small ones come at once."""
    for name, path in files.items():
        rows = _plain(pq.read_table(path))
        if rows.num_rows < BATCHES * 100:
            yield name, rows, KEYS[name]
            continue
        size, drafts = -(-rows.num_rows // BATCHES), rows.slice(0, 0)
        for number in range(BATCHES):
            part = rows.slice(number * size, size)
            changed = _some(part.num_rows, number) if number < BATCHES - 1 else np.array([], dtype=np.int64)
            yield name, pa.concat_tables([_with_drafts(part, changed), drafts]), KEYS[name]
            drafts = part.take(pa.array(changed))


def _plain(rows: pa.Table) -> pa.Table:
    """With texts that all systems take."""
    kinds = {field.name: pa.string() if field.type == pa.string_view() else field.type for field in rows.schema}
    return rows.cast(pa.schema(list(kinds.items())))


def _some(rows: int, seed: int) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).choice(rows, int(rows * REPLACED), replace=False))


def _with_drafts(part: pa.Table, changed: np.ndarray) -> pa.Table:
    """The rows, of which those at `changed` have another comment: the next batch replaces them by the true ones."""
    column = part.num_columns - 1
    comments = part.column(column).combine_chunks()
    mask = np.zeros(part.num_rows, dtype=bool)
    mask[changed] = True
    drafts = pa.array(["draft"] * part.num_rows, comments.type)
    chosen = pa.chunked_array([pc.if_else(pa.array(mask), drafts, comments)])
    return part.set_column(column, part.schema.field(column), chosen)
