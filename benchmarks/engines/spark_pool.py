"""Many queries through the sessions of SPARK, by threads in several roles, and what they leave behind."""

from __future__ import annotations

import gc
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
import pyarrow as pa

import supertable
from benchmarks.engines.memory import resident_bytes
from supertable import Lake, SupertableError
from supertable.adapters.engines.spark.clusters import Cluster
from supertable.adapters.engines.spark.sessions.session import Session
from tests.servers.spark_thrift import SparkThrift

_ROWS, _TENANTS = 20_000, 4
_KINDS = ("whole", "whole", "grouped", "failing", "too many rows", "stopped")
_WARM = 50


def many_queries(home: Path, server: SparkThrift, queries: int, threads: int) -> dict[str, Any]:
    """Raises `AssertionError` for a wrong answer. Prints what is left."""
    with supertable.connect(home) as lake:
        k = np.arange(_ROWS)
        lake.write("n", pa.table({"k": k, "tenant": k % _TENANTS, "t": [f"text {n}" for n in k]}))
        lake.delete("n", "k % 3 = 1")
        lakes = [_role(lake, home, tenant) for tenant in range(_TENANTS)]
        try:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(lambda at: _ask(lakes[at % _TENANTS], at), range(_WARM)))
                before = _state(home, server)
                started = time.monotonic()
                list(pool.map(lambda at: _ask(lakes[at % _TENANTS], at), range(queries)))
                seconds = time.monotonic() - started
            time.sleep(3)
            after = _state(home, server)
        finally:
            for one in lakes:
                one.close()
    time.sleep(3)
    found = {
        "queries": queries,
        "threads": threads,
        "roles": _TENANTS,
        "seconds": seconds,
        "before": before,
        "after": after,
        "connections_after_close": _connections(server),
    }
    print(f"many queries: {found}", flush=True)
    return found


def _role(lake: Lake, home: Path, tenant: int) -> Lake:
    lake.roles.create(f"tenant_{tenant}", "reader")
    lake.roles.grant(f"tenant_{tenant}", "n", columns=["k", "t"], where=f"tenant = {tenant}")
    lake.users.create(f"user_{tenant}", f"tenant_{tenant}")
    return supertable.connect(home, token=lake.tokens.create(f"token {tenant}", f"user_{tenant}").secret)


def _ask(lake: Lake, at: int) -> None:
    tenant = at % _TENANTS
    live = [k for k in range(tenant, _ROWS, _TENANTS) if k % 3 != 1]
    match _KINDS[at // _TENANTS % len(_KINDS)]:
        case "whole":
            assert list(lake.sql("SELECT count(*), sum(k)::BIGINT FROM n WHERE k >= 0", engine="spark")) == [
                (len(live), sum(live))
            ]
        case "grouped":
            rows = list(lake.sql("SELECT k % 2 AS odd, count(*) FROM n GROUP BY 1 ORDER BY 1", engine="spark"))
            assert rows == [(tenant % 2, len(live))]
        case "stopped":
            result = lake.sql("SELECT a.k FROM n a, n b WHERE b.k < 100", engine="spark", stream=True)
            next(result.batches())
            result.close()
        case kind:
            sql = "SELECT t::INTEGER FROM n" if kind == "failing" else "FROM n"
            try:
                lake.sql(sql, engine="spark", max_rows=10).arrow()
            except SupertableError:
                return
            raise AssertionError(sql)


def _state(home: Path, server: SparkThrift) -> dict[str, Any]:
    """What this process, the storage and the server hold."""
    gc.collect()
    return {
        "threads": threading.active_count(),
        "open_files": psutil.Process().num_fds(),
        "resident_bytes": resident_bytes(),
        "objects_handed_over": len(list(home.glob("storage/*/-/spark/*.parquet"))),
        "connections": _connections(server),
        "views": _views(server),
        "server_heap_bytes": _heap_bytes(server),
        "server_resident_bytes": resident_bytes(server.process.pid),
        "server_files": sum(1 for path in server.folder.rglob("*") if path.is_file()),
    }


def _connections(server: SparkThrift) -> int:
    """The open connections to the server, each of which has one session."""
    return sum(one.status == "ESTABLISHED" and one.laddr.port == server.port for one in psutil.net_connections("tcp"))


def _views(server: SparkThrift) -> int:
    """Views and tables that a new session sees."""
    session = Session(Cluster("127.0.0.1", server.port), 10)
    try:
        count = 0
        for sql in ("SHOW VIEWS", "SHOW TABLES"):
            session.execute(sql)
            count += len(session.rows(10_000)[0].stringVal.values)
        return count
    finally:
        session.close()


def _heap_bytes(server: SparkThrift) -> int:
    """What is left in the heap of the server after a collection; 0: this machine has no `jcmd`."""
    pid = str(server.process.pid)
    try:
        subprocess.run(["jcmd", pid, "GC.run"], check=True, capture_output=True)
        told = subprocess.run(["jcmd", pid, "GC.heap_info"], check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return 1_024 * sum(int(line.split("used ")[1].split("K")[0]) for line in told.splitlines() if " total " in line)
