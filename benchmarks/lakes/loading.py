"""Loading large files of text, beside DuckDB's own COPY of the same file to Parquet."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TypeAlias

import duckdb

FORMATS = {"csv": "FORMAT csv, HEADER", "ndjson": "FORMAT json"}
_ROW = """
    SELECT i AS id, TIMESTAMP '2020-01-01' + INTERVAL (i * 37) SECOND AS at, DATE '2020-01-01' + (i % 2000)::INT AS day,
        'customer ' || (i * 7919 % 100003) AS customer, (i * 31 % 1000003) / 100 AS score,
        (i * 17 % 10000019 / 100)::DECIMAL(12, 2) AS amount, i % 7 = 0 AS paid,
        CASE WHEN i % 11 > 0 THEN 'a note of some length, about order ' || i END AS note
    FROM range({first}, {last}) AS numbers(i)
"""
_OURS = """
import sys, supertable
with supertable.connect(sys.argv[1]) as lake:
    lake.load(sys.argv[2], into="loaded")
    print(lake.sql("SELECT count(*), sum(id), sum(amount), count(note) FROM loaded").arrow().to_pylist())
"""
_DUCKDB = """
import sys, duckdb
duckdb.execute("SET temp_directory = ''")
reader = "read_csv" if sys.argv[2].endswith("csv") else "read_json"
duckdb.execute(f"COPY (FROM {reader}('{sys.argv[2]}')) TO '{sys.argv[1]}.parquet' (FORMAT parquet)")
duckdb.execute(f"SELECT count(*), sum(id), sum(amount), count(note) FROM '{sys.argv[1]}.parquet'")
"""
_SCRIPTS = {"supertable": _OURS, "duckdb": _DUCKDB}
Measured: TypeAlias = dict[str, float]


def measure(gigabytes: float, turns: int) -> dict[str, dict[str, object]]:
    """By format: seconds, seconds of CPU and the highest memory in MB of each system, and the ratios. Prints each."""
    found: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, options in FORMATS.items():
            file = Path(folder) / f"rows.{name}"
            rows = _write(file, options, gigabytes)
            runs: dict[str, list[Measured]] = {system: [] for system in _SCRIPTS}
            for turn in range(turns):
                for system, script in _SCRIPTS.items():
                    runs[system].append(_run(script, Path(folder) / f"{name}-{system}-{turn}", file))
            found[name] = _summary(runs) | {"rows": rows, "gigabytes": file.stat().st_size / 1e9}
            print(name, found[name], flush=True)
            file.unlink()
    return found


def _write(file: Path, options: str, gigabytes: float) -> int:
    """Write rows until the file is large enough; their number."""
    with duckdb.connect() as engine:
        sample = file.with_suffix(".sample")
        engine.execute(f"COPY ({_ROW.format(first=10**7, last=10**7 + 10**5)}) TO '{sample}' ({options})")
        rows = int(gigabytes * 1e9 / sample.stat().st_size * 10**5)
        sample.unlink()
        engine.execute(f"COPY ({_ROW.format(first=0, last=rows)}) TO '{file}' ({options})")
    return rows


def _run(script: str, target: Path, file: Path) -> Measured:
    started = perf_counter()
    process = subprocess.Popen([sys.executable, "-c", script, str(target), str(file)], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"the load of {file.name} into {target.name} failed")
    return {"seconds": seconds, "cpu_seconds": used.ru_utime + used.ru_stime, "memory_mb": used.ru_maxrss / 1024}


def _summary(runs: dict[str, list[Measured]]) -> dict[str, object]:
    medians = {
        system: {fact: median(run[fact] for run in measured) for fact in measured[0]}
        for system, measured in runs.items()
    }
    ours, theirs = medians["supertable"], medians["duckdb"]
    return {**medians, "ratios": {fact: ours[fact] / theirs[fact] for fact in ours}}
