"""Queries on SPARK that are cancelled, or whose server or process is killed in the middle: what is told, how soon."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
import pyarrow as pa

import supertable
from supertable import Lake, SupertableError
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.engine_choice import EngineName
from supertable.domain.errors import QueryCancelled
from tests.servers.spark_thrift import SparkThrift

_ROWS = 6_000
_COUNTED = "SELECT count(*) FROM n a, n b WHERE a.t || b.t LIKE '%1%text%2%'"
_STREAMED = "SELECT a.k FROM n a, n b WHERE b.k < 300"
_SUM, _TOTAL = "SELECT sum(k)::BIGINT FROM n WHERE k >= 0", sum(range(_ROWS))
_CHILD = """
import sys, supertable
with supertable.connect(sys.argv[1]) as lake:
    batches = lake.sql(sys.argv[2], engine="spark", stream=True).batches()
    next(batches)
    print("streaming", flush=True)
    sys.stdin.read()
"""


def outages(home: Path, server: SparkThrift, turns: int) -> dict[str, Any]:
    """Prints each result. Raises `AssertionError` if a part of a result passes as the whole. Restarts the server."""
    with supertable.connect(home) as lake:
        k = np.arange(_ROWS)
        lake.write("n", pa.table({"k": k, "t": [f"text {n}" for n in k]}))
        assert list(lake.sql(_SUM, engine="spark")) == [(_TOTAL,)]
        found: dict[str, Any] = {"cancelled_seconds": _cancelled(lake, turns)}
        found["a process of ours is killed"] = _killed_here(home, server)
        found["the server is killed"] = {
            "while rows come": _killed_there(lake, server, _STREAMED),
            "while it computes": _killed_there(lake, server, _COUNTED),
        }
    print(f"outages: {found}", flush=True)
    return found


def _cancelled(lake: Lake, turns: int) -> dict[str, float]:
    """The longest time from a cancel to the error, by when it came."""
    cases = {"planning": (_COUNTED, 0.1), "computing": (_COUNTED, 1.5), "streaming": (_STREAMED, None)}
    return {name: max(_cancel(lake, sql, after) for _ in range(turns)) for name, (sql, after) in cases.items()}


def _cancel(lake: Lake, sql: str, after: float | None) -> float:
    """`after`: seconds; None: the first rows."""
    run_query = lake._container.run_query()
    running = run_query.run(run_query.prepare(lake._namespace, sql, engine=EngineName.SPARK), (), Limits())
    at: list[float] = []

    def cancel() -> None:
        at.append(time.monotonic())
        running.cancel()

    if after is not None:
        threading.Timer(after, cancel).start()
    try:
        for _ in running.reader:
            if after is None and not at:
                cancel()
    except QueryCancelled:
        return time.monotonic() - at[0]
    raise AssertionError("it was not cancelled")


def _killed_here(home: Path, server: SparkThrift) -> dict[str, float]:
    """A process with a spare session, and one with a query: the seconds until the server has neither."""
    before = _connections(server)
    command = [sys.executable, "-c", _CHILD, str(home), _STREAMED]
    with subprocess.Popen(command, env=os.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        while _connections(server) <= before:
            time.sleep(0.05)
        child.kill()
        return {"seconds until its sessions end": _until(lambda: _connections(server) <= before)}


def _killed_there(lake: Lake, server: SparkThrift, sql: str) -> dict[str, Any]:
    at: list[float] = []

    def kill() -> None:
        at.append(time.monotonic())
        server.kill()

    threading.Timer(1.5, kill).start()
    told = _error(lambda: list(lake.sql(sql, engine="spark", stream=True).batches()))
    seconds = time.monotonic() - at[0]
    then = _error(lambda: lake.sql(_SUM, engine="spark").arrow())
    server.restart()

    def answers() -> bool:
        try:
            return list(lake.sql(_SUM, engine="spark")) == [(_TOTAL,)]
        except SupertableError:
            return False

    return {"told": told, "after_seconds": seconds, "then": then, "seconds_until_it_answers_again": _until(answers)}


def _error(work: Callable[[], object]) -> str:
    try:
        work()
    except SupertableError as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("a part of a result passed as the whole")


def _until(condition: Callable[[], bool]) -> float:
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < 120
        time.sleep(0.05)
    return time.monotonic() - started


def _connections(server: SparkThrift) -> int:
    """At the server: those that it has not closed."""
    at_server = psutil.Process(server.process.pid).net_connections("tcp")
    return sum(one.laddr.port == server.port and one.status not in ("LISTEN", "NONE") for one in at_server)
