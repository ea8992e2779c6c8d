"""Time to open and query a table of very many versions, and one of very many files."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import supertable
from benchmarks.data import SCHEMA, orders
from benchmarks.engines.targets import verdicts
from benchmarks.machine import machine_facts
from supertable.application.storage.arrow.arrow_schemas import arrow_schema
from supertable.application.tables.namespace import Namespace
from supertable.application.tables.open_table import OpenTable
from supertable.domain.access.roles import Permission
from supertable.domain.access.sessions import owner
from supertable.domain.table.commits import Change, CommitInfo, Counts, Operation
from supertable.domain.table.data_files import DataFile

_VISITS = 3
_REPETITIONS = 3
_TOO_LONG_MS = 10_000
_ROWS_PER_VERSION = 10
_FILES_PER_COMMIT = 10_000


def measure(versions: int, files: int) -> dict[str, Any]:
    """Build both tables, named `orders`, and time their use. Prints progress."""
    document: dict[str, Any] = {"machine": machine_facts()}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "versions"
        document["versions"] = build_many_versions(home, versions) | time_visits(home, versions * _ROWS_PER_VERSION)
        home = Path(folder) / "files"
        document["files"] = build_many_files(home, files) | time_visits(home, files)
    steps = document["files"]["steps_ms"]
    found = {"cold open, ms": steps["open"]["cold"], "plan, ms": steps["plan"]["warm"]}
    document["targets"] = verdicts({f"{files:,} files, {what}": value for what, value in found.items()})
    return document


def build_many_versions(home: Path, versions: int) -> dict[str, Any]:
    """Append a few rows again and again, without compaction."""
    _print(f"{versions:,} versions, by as many appends of {_ROWS_PER_VERSION} rows")
    rows = orders(np.arange(versions * _ROWS_PER_VERSION), seed=1)
    taken = []
    with supertable.connect(home=home) as lake:
        lake.create_table("orders", SCHEMA)
        for version in range(versions):
            batch = rows.slice(version * _ROWS_PER_VERSION, _ROWS_PER_VERSION)
            taken.append(_milliseconds(lambda batch=batch: lake.write("orders", batch)))  # type: ignore[misc]
    ends = max(versions // 100, 1)
    found = {
        "versions": versions,
        "seconds_in_all": sum(taken) / 1000,
        "append_ms": statistics.median(taken),
        "append_ms_first_hundredth": statistics.median(taken[:ends]),
        "append_ms_last_hundredth": statistics.median(taken[-ends:]),
        "append_ms_worst": max(taken),
    }
    first, last = found["append_ms_first_hundredth"], found["append_ms_last_hundredth"]
    _print(
        f"  an append: median {found['append_ms']:.1f} ms, of the first hundredth {first:.1f}, of the last {last:.1f}"
    )
    _print(f"  worst append {found['append_ms_worst']:.0f} ms; {found['seconds_in_all']:.0f} s in total")
    return found


def build_many_files(home: Path, files: int) -> dict[str, Any]:
    """Write files of one row as any write does, but commit many at a time."""
    _print(f"{files:,} files of one row, in commits of {_FILES_PER_COMMIT:,}")
    rows = orders(np.arange(files), seed=1)
    started = time.perf_counter()
    commits = []
    with supertable.connect(home=home) as lake, ThreadPoolExecutor() as threads:
        lake.create_table("orders", SCHEMA)
        table = _newest(lake)
        groups = rows.cast(arrow_schema(table.snapshot.schema))
        for first in range(0, files, _FILES_PER_COMMIT):
            numbers = range(first, min(first + _FILES_PER_COMMIT, files))
            written = [file for made in threads.map(_writer(lake, table, groups), numbers) for file in made]
            commits.append(_milliseconds(lambda written=written: _commit(lake, table, written)))  # type: ignore[misc]
    found = {
        "files": files,
        "seconds_in_all": time.perf_counter() - started,
        "commits": len(commits),
        "commit_ms_first": commits[0],
        "commit_ms_last": commits[-1],
    }
    _print(f"  a commit: first {commits[0]:.0f} ms, last {commits[-1]:.0f}; {found['seconds_in_all']:.0f} s in total")
    return found


def _writer(lake: supertable.Lake, table: OpenTable, groups: pa.Table) -> Callable[[int], list[DataFile]]:
    writer = lake._container.data_files()
    return lambda number: writer.write(table.folder, table.snapshot.schema, [groups.slice(number, 1)])


def _commit(lake: supertable.Lake, table: OpenTable, files: list[DataFile]) -> None:
    change = Change(Operation.APPEND, added=tuple(files), counts=Counts(inserted=len(files)))
    lake._container.committer().commit(table, lambda newest: change, CommitInfo())


def time_visits(home: Path, rows: int) -> dict[str, Any]:
    """Median milliseconds of each step over a few fresh processes: the first time, and when repeated."""
    visits = [_visit_in_new_process(home, rows) for _ in range(_VISITS)]
    steps = {step: _medians([visit[step] for visit in visits]) for step in visits[0]}
    _print(f"  {'':<26}{'fresh process':>16}{'repeated':>13}")
    for step, times in steps.items():
        _print(f"  {step:<26}" + "".join(f"{taken:>13.1f} ms" for taken in times.values()))
    return {"steps_ms": steps}


def _medians(times: Sequence[dict[str, float]]) -> dict[str, float]:
    """The medians of `cold` and `warm`; `warm` only if every process measured it."""
    common = [when for when in times[0] if all(when in each for each in times)]
    return {when: statistics.median(each[when] for each in times) for when in common}


def visit(home: Path, rows: int) -> dict[str, dict[str, float]]:
    """Milliseconds of each step, run in this order. `cold`: the first time; `warm`: the median of repetitions.

    Slow steps are not repeated.
    """
    lake = supertable.connect(home=home)
    wanted_id = rows // 3
    point = f"SELECT id FROM orders WHERE id = {wanted_id}"
    steps: dict[str, Callable[[], object]] = {
        "open": lambda: lake.table("orders").info(),
        "plan": lambda: lake._container.run_query().prepare(lake._namespace, point).lease.close(),
        "count": lambda: _check_query(lake, "SELECT count(*) FROM orders", [rows]),
        "point lookup": lambda: _check_query(lake, point, [wanted_id]),
        "read a tenth": lambda: _check_query(
            lake, f"SELECT count(amount) FROM orders WHERE id < {rows // 10}", [rows // 10]
        ),
        "read everything": lambda: _check_query(
            lake, "SELECT sum(id), count(amount) FROM orders", [rows * (rows - 1) // 2, rows]
        ),
    }
    found = {name: _cold_and_warm(step) for name, step in steps.items()}
    return found | {"append one row": _append(lake, rows)}


def _append(lake: supertable.Lake, rows: int) -> dict[str, float]:
    """The table is then as it was."""
    before = lake.table("orders").info().version
    row = orders(np.array([rows]), seed=1)
    found = _cold_and_warm(lambda: lake.write("orders", row))
    lake.table("orders").restore(before)
    return found


def _check_query(lake: supertable.Lake, sql: str, expected: list[int]) -> None:
    (row,) = lake.sql(sql).arrow().to_pylist()
    assert list(row.values()) == expected, f"{sql}: {row}"


def _cold_and_warm(step: Callable[[], object]) -> dict[str, float]:
    cold = _milliseconds(step)
    if cold > _TOO_LONG_MS:
        return {"cold": cold}
    return {"cold": cold, "warm": statistics.median(_milliseconds(step) for _ in range(_REPETITIONS))}


def _visit_in_new_process(home: Path, rows: int) -> dict[str, dict[str, float]]:
    command = [sys.executable, "-m", "benchmarks", "visit", str(home), str(rows)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout)
    return found


def _newest(lake: supertable.Lake) -> OpenTable:
    return lake._container.tables().open(
        Namespace(lake.organization, lake.supertable, owner(lake.organization)), "orders", Permission.META
    )


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _print(line: str) -> None:
    print(line, flush=True)
