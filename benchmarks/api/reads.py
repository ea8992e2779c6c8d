"""Reads through the REST API, served by `supertable serve api`, beside the same reads from Python."""

from __future__ import annotations

import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
import pyarrow as pa

import supertable
from benchmarks.data import orders
from benchmarks.machine import machine_facts
from supertable import Lake
from tests.servers.process import ServerProcess, answers, free_port

_TOKEN = "token-of-the-benchmark"
_ARROW = "application/vnd.apache.arrow.stream"
_WHOLE = "SELECT * FROM orders"
_POINT = "SELECT * FROM orders WHERE id = ?"
_SUM = "SELECT region, sum(amount) AS amount FROM orders GROUP BY region ORDER BY region"
_FORMATS = {
    "Arrow": _ARROW,
    "Parquet": "application/vnd.apache.parquet",
    "CSV": "text/csv",
    "NDJSON": "application/x-ndjson",
    "JSON": "application/json",
}


def measure(rows: int, points: int, turns: int) -> dict[str, Any]:
    """Measure streams, formats, first bytes and single rows of a table of `rows` rows. Prints progress."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with supertable.connect(home) as lake:
            lake.create_table_from("orders", orders(np.arange(rows), seed=1))
            with _run_server(home) as (port, process):
                found = {
                    "machine": machine_facts(),
                    "rows": rows,
                    "stream": _measure_stream(lake, port, process, rows, turns),
                    "formats": _measure_formats(port, rows),
                    "first_byte": _measure_first_bytes(lake, port, turns),
                    "point": _measure_points(lake, port, rows, points),
                }
    return found


@contextmanager
def _run_server(home: Path) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    settings = {"SUPERTABLE_HOME": str(home), "SUPERTABLE_SUPERTOKEN": _TOKEN, "LOG_LEVEL": "WARNING"}
    command = [str(Path(sys.executable).parent / "supertable"), "serve", "api", "--port", str(port)]
    server = ServerProcess(command, home.parent / "server", {**os.environ, **settings})
    try:
        server.wait_until(lambda: answers(port))
        (worker,) = [
            child for child in psutil.Process(server.pid).children() if "spawn_main" in " ".join(child.cmdline())
        ]
        yield port, worker
    finally:
        server.stop(30)


def _measure_stream(lake: Lake, port: int, worker: psutil.Process, rows: int, turns: int) -> dict[str, Any]:
    """The whole table as Arrow, in turns with Python: seconds by the clock, and seconds of processor time."""
    inside, outside, work_inside, work_outside = [], [], [], []
    grown = 0.0
    for _ in range(turns + 1):
        worked = _processor_seconds(psutil.Process())
        inside.append(_seconds(lambda: _check_rows(lake.sql(_WHOLE).batches(), rows)))
        work_inside.append(_processor_seconds(psutil.Process()) - worked)
        before, worked = worker.memory_info().rss, _processor_seconds(worker)
        with _watch_memory(worker) as peak:
            outside.append(_seconds(lambda: _read_arrow(port, rows)))
        work_outside.append(_processor_seconds(worker) - worked)
        grown = (peak() - before) / 2**20
    here, there = statistics.median(inside[1:]), statistics.median(outside[1:])
    print(f"{rows:,} rows as Arrow: Python {rows / here:,.0f} rows/s, HTTP {rows / there:,.0f} rows/s ", end="")
    print(f"({here / there:.0%}); in the last turn the server grew by {grown:.0f} MiB")
    return {
        "python_seconds": inside[1:],
        "http_seconds": outside[1:],
        "share": here / there,
        "python_processor_seconds": work_inside[1:],
        "server_processor_seconds": work_outside[1:],
        "grown_mib": grown,
    }


def _measure_formats(port: int, rows: int) -> dict[str, float]:
    """Rows per second, by format."""
    found = {}
    for name, media_type in _FORMATS.items():
        limit = rows if media_type == _ARROW else rows // 5
        found[name] = limit / _seconds(partial(_read_all, port, f"{_WHOLE} LIMIT {limit}", media_type))
        print(f"{name}: {found[name]:,.0f} rows/s")
    return found


def _measure_first_bytes(lake: Lake, port: int, turns: int) -> dict[str, Any]:
    """Milliseconds to the first batch in Python and the first byte over HTTP, for the whole table and for a sum."""
    found = {}
    for name, sql in (("whole", _WHOLE), ("sum", _SUM)):
        here, there = [], []
        for _ in range(turns * 3):
            here.append(_seconds(partial(_first_batch, lake, sql)) * 1000)
            there.append(_until_first_byte(port, sql) * 1000)
        found[name] = {"python_ms": statistics.median(here), "http_ms": statistics.median(there)}
        print(f"first of the {name}: Python {found[name]['python_ms']:.1f} ms, HTTP {found[name]['http_ms']:.1f} ms")
    return found


def _measure_points(lake: Lake, port: int, rows: int, count: int) -> dict[str, Any]:
    """Milliseconds of single rows by their id, in turns with Python; one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    here: list[float] = []
    there: list[float] = []
    for number in np.random.default_rng(7).integers(0, rows, count + 10).tolist():
        here.append(_seconds(lambda: lake.sql(_POINT, [number]).arrow()) * 1000)  # noqa: B023
        there.append(_seconds(lambda: _post_query(connection, _POINT, "application/json", [number]).read()) * 1000)  # noqa: B023
    found = {"python_ms": _percentiles(here[10:]), "http_ms": _percentiles(there[10:])}
    print(f"point queries: {json.dumps(found)}")
    return found


def _percentiles(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {f"p{share}": round(ordered[len(ordered) * share // 100], 2) for share in (50, 95, 99)}


def _processor_seconds(process: psutil.Process) -> float:
    """Seconds of processor time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _post_query(
    connection: http.client.HTTPConnection, sql: str, accept: str, parameters: list[Any] | None = None
) -> http.client.HTTPResponse:
    body = json.dumps({"sql": sql, "parameters": parameters or []})
    headers = {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json", "Accept": accept}
    connection.request("POST", "/api/v1/query", body, headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    return answer


def _read_arrow(port: int, rows: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    _check_rows(pa.ipc.open_stream(_post_query(connection, _WHOLE, _ARROW)), rows)
    connection.close()


def _read_all(port: int, sql: str, accept: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    answer = _post_query(connection, sql, accept)
    buffer = bytearray(2**20)
    while answer.readinto(buffer):
        pass
    connection.close()


def _until_first_byte(port: int, sql: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    started = time.perf_counter()
    assert _post_query(connection, sql, _ARROW).read(1)
    taken = time.perf_counter() - started
    connection.close()
    return taken


def _first_batch(lake: Lake, sql: str) -> None:
    result = lake.sql(sql)
    result.batches().read_next_batch()
    result.cancel()


def _check_rows(reader: pa.RecordBatchReader, rows: int) -> None:
    assert sum(batch.num_rows for batch in reader) == rows


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def _watch_memory(process: psutil.Process) -> Iterator[Callable[[], int]]:
    """Yields a function that returns the peak memory of the process within the block, in bytes."""
    samples = [process.memory_info().rss]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            samples.append(process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: max(samples)
    finally:
        done.set()
        watcher.join()
