"""A dashboard: clients ask the same twenty queries again and again while its table changes each second.

In process and over HTTP, on each engine. Each answer must be that of a version between the one that was acknowledged
when the query began and the newest that could be there when it ended; a model without an engine says which it is.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import supertable
from benchmarks.engines.choosing import engines_of, keeper_of
from benchmarks.engines.dashboard_model import SCHEMA, Rows, State, Tile, changes, first_state, rows_of, tiles
from benchmarks.engines.memory import peak_bytes, resident_bytes
from benchmarks.engines.targets import verdicts
from benchmarks.engines.timing import percentiles
from benchmarks.machine import machine_facts
from supertable import Lake
from tests.servers.process import ServerProcess, answers, free_port

_TOKEN = "token-of-the-benchmark"
_CHANGED = 500
_CACHE = "result cache"
"""Where the reason for an engine says that rows were kept."""
Query = Callable[[str], tuple[Rows, bool]]
"""Gives the rows, and whether they were kept from an earlier query."""


@dataclass(slots=True)
class Versions:
    """What the table has been. `acknowledged`, `begun`: positions in `states` of the newest write, done and begun."""

    states: list[State]
    acknowledged: int = 0
    begun: int = 0


@dataclass(slots=True)
class Asked:
    """What one client saw: for each query its tile, the first and last version that it may show, and its rows."""

    answers: list[tuple[int, int, int, Rows]] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)
    kept: int = 0


def measure(rows: int, rounds: int, clients: int) -> dict[str, Any]:
    """Prints each run. Results are kept, unlike in other benchmarks."""
    os.environ.pop("SUPERTABLE_RESULT_CACHE_BYTES", None)
    document: dict[str, Any] = {"machine": machine_facts(), "rows": rows, "rounds": rounds, "clients": clients}
    runs: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        with supertable.connect(Path(folder) / "probe") as lake:
            engines, document["left_out"] = engines_of(lake)
        for engine in (*engines, "auto"):
            with supertable.connect(Path(folder) / engine) as lake:
                versions = _created(lake, rows)
                run = partial(_replay, lake, versions, rounds, clients)
                runs[f"{engine}, in process"] = (
                    run(partial(_in_process, lake, engine)) | _memory(os.getpid()) | _kept(lake)
                )
                document[f"repeated query, {engine}, ms"] = _repeated(lake, engine)
                with _server(Path(folder) / engine) as (port, server):
                    if problem := _problem(port, engine):
                        document["left_out"][f"{engine}, HTTP"] = problem
                    else:
                        runs[f"{engine}, HTTP"] = run(partial(_by_http, port, engine)) | _memory(server)
            _print(engine, runs)
        print(f"left out: {document['left_out']}")
    values = {
        "dashboard, wrong answers": float(sum(run["wrong"] for run in runs.values())),
        "dashboard, repeated query, ms": document["repeated query, auto, ms"],
    }
    return document | {"runs": runs, "targets": verdicts(values)}


def _created(lake: Lake, rows: int) -> Versions:
    state = first_state(rows)
    lake.create_table("sales", SCHEMA, keys="id")
    lake.write("sales", rows_of(state, np.arange(rows)))
    return Versions([state])


def _replay(lake: Lake, versions: Versions, rounds: int, clients: int, opened: Callable[[], Query]) -> dict[str, Any]:
    """Let the clients ask while a writer changes rows each second; then judge every answer."""
    asked_of = tiles(len(versions.states[0].qty))
    done = threading.Event()
    writer = threading.Thread(target=_write_each_second, args=(lake, versions, done))
    writer.start()
    started = time.perf_counter()
    try:
        with ThreadPoolExecutor(clients) as threads:
            futures = [threads.submit(_ask_all, opened(), versions, asked_of, rounds, n) for n in range(clients)]
            asked = [future.result() for future in futures]
    finally:
        done.set()
        writer.join()
    seconds = time.perf_counter() - started
    times = [taken for one in asked for taken in one.times_ms]
    return {
        "queries": len(times),
        "seconds": seconds,
        "writes": versions.acknowledged,
        **percentiles(times),
        "hit_rate": sum(one.kept for one in asked) / len(times),
        "wrong": _wrong(asked, versions, asked_of),
    }


def _write_each_second(lake: Lake, versions: Versions, done: threading.Event) -> None:
    while not done.wait(1.0):
        ids, state = changes(versions.states[-1], min(_CHANGED, len(versions.states[0].qty) // 4), len(versions.states))
        versions.states.append(state)
        versions.begun = len(versions.states) - 1
        lake.write("sales", rows_of(state, ids), mode="upsert")
        versions.acknowledged = versions.begun


def _ask_all(query: Query, versions: Versions, asked_of: list[Tile], rounds: int, client: int) -> Asked:
    """Clients begin at different tiles."""
    found = Asked()
    for number in range(client, client + rounds * len(asked_of)):
        tile = number % len(asked_of)
        first, started = versions.acknowledged, time.perf_counter()
        rows, kept = query(asked_of[tile].sql)
        found.times_ms.append((time.perf_counter() - started) * 1000)
        found.answers.append((tile, first, versions.begun, rows))
        found.kept += kept
    return found


def _wrong(asked: list[Asked], versions: Versions, asked_of: list[Tile]) -> int:
    right: dict[tuple[int, int], Rows] = {}

    def answer(tile: int, version: int) -> Rows:
        if (tile, version) not in right:
            right[tile, version] = asked_of[tile].model(versions.states[version])
        return right[tile, version]

    return sum(
        all(rows != answer(tile, version) for version in range(first, last + 1))
        for one in asked
        for tile, first, last, rows in one.answers
    )


def _in_process(lake: Lake, engine: str) -> Query:
    def query(sql: str) -> tuple[Rows, bool]:
        result = lake.sql(sql, engine=engine)
        return [tuple(row) for row in result.fetchall()], _CACHE in (result.engine_reason or "")

    return query


def _problem(port: int, engine: str) -> str:
    """Why the service does not run statements on the engine; empty: it does."""
    try:
        _by_http(port, engine)("SELECT 1 AS one")
    except AssertionError as refused:
        return str(refused)
    return ""


def _by_http(port: int, engine: str) -> Query:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json", "Accept": "application/json"}

    def query(sql: str) -> tuple[Rows, bool]:
        connection.request("POST", "/api/v1/query", json.dumps({"sql": sql, "engine": engine}), headers)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        assert answer.status == 200, found
        return [tuple(row.values()) for row in found["rows"]], _CACHE in str(found.get("engine_reason"))

    return query


def _repeated(lake: Lake, engine: str) -> float:
    """The median of one query that is asked again and again while nothing changes."""
    sql = tiles(10)[1].sql
    times = []
    for _ in range(200):
        started = time.perf_counter()
        lake.sql(sql, engine=engine).fetchall()
        times.append((time.perf_counter() - started) * 1000)
    return percentiles(times[20:])["p50"]


@contextmanager
def _server(home: Path) -> Iterator[tuple[int, int]]:
    """The port, and the process that answers."""
    port = free_port()
    settings = {"SUPERTABLE_HOME": str(home), "SUPERTABLE_SUPERTOKEN": _TOKEN, "SUPERTABLE_RATE_LIMIT": "0"}
    command = [sys.executable, "-m", "supertable.entrypoints.cli.main", "serve", "api", "--port", str(port)]
    server = ServerProcess(command, home / "server", {**os.environ, **settings, "LOG_LEVEL": "ERROR"})
    try:
        server.wait_until(lambda: answers(port))
        yield port, server.pid
    finally:
        server.stop(30)


def _memory(process: int) -> dict[str, int]:
    """Of the process and its children, which run statements."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    of_children = [resident_bytes(int(child)) for child in children if process != os.getpid()]
    return {"resident_bytes": resident_bytes(process) + sum(of_children), "peak_bytes": peak_bytes(process)}


def _kept(lake: Lake) -> dict[str, int]:
    """What Pro keeps, and what it may."""
    return {"kept_bytes": keeper_of(lake).size(), "budget_bytes": lake.settings.pro_cache_bytes}


def _print(engine: str, runs: dict[str, Any]) -> None:
    for name, run in runs.items():
        if name.startswith(f"{engine},"):
            shown = " ".join(f"{part} {run[part]:.1f}" for part in ("p50", "p95", "p99"))
            print(
                f"{name:<18}{run['queries']:>6} queries in {run['seconds']:.0f} s, ms {shown}, "
                f"hits {run['hit_rate']:.0%}, {run['writes']} writes, wrong {run['wrong']}, "
                f"{run['resident_bytes'] / 2**20:.0f} MiB",
                flush=True,
            )
