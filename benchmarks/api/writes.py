"""Many clients that write single rows through the API, on local files and on SeaweedFS with Valkey.

The server is a process of `supertable serve api`. The clients run in another process, so that neither waits for the
other's interpreter. At the end, every acknowledged write must be stored exactly once.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

import supertable
from benchmarks.api.write_clients import TOKEN, Written, write_rows
from benchmarks.machine import machine_facts
from tests.servers.process import answers, free_port
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.valkey import Valkey

SCHEMA = pa.schema([("id", pa.int64()), ("region", pa.string()), ("amount", pa.float64()), ("at", pa.timestamp("us"))])
_WARM_SECONDS = 2.0


def measure(clients: int, seconds: float, servers: bool) -> dict[str, Any]:
    """Measure on local files, and if `servers` on SeaweedFS and Valkey. Prints progress."""
    with tempfile.TemporaryDirectory() as folder:
        found = {"local": _measure_with_and_without_keys({}, Path(folder) / "local", clients, seconds)}
        if servers:
            store, redis = SeaweedFS(Path(folder) / "seaweedfs"), Valkey(Path(folder) / "valkey")
            try:
                environment = {**store.environment, **redis.environment}
                found["seaweedfs_valkey"] = _measure_with_and_without_keys(
                    environment, Path(folder) / "servers", clients, seconds
                )
            finally:
                redis.stop()
                store.stop()
    return {"machine": machine_facts(), "clients": clients, "seconds": seconds, **found}


def _measure_with_and_without_keys(
    environment: Mapping[str, str], home: Path, clients: int, seconds: float
) -> dict[str, dict[str, float]]:
    kind = "SeaweedFS and Valkey" if environment else "local files"
    return {
        name: _measure(environment, home / name, clients, seconds, name == "with_idempotency_keys", f"{kind}, {name}")
        for name in ("without_keys", "with_idempotency_keys")
    }


def _measure(
    environment: Mapping[str, str], home: Path, clients: int, seconds: float, keyed: bool, label: str
) -> dict[str, float]:
    port = free_port()
    own = {
        **environment,
        "SUPERTABLE_HOME": str(home),
        "SUPERTABLE_PREFIX": f"writes_{port}_{keyed}",
        "SUPERTABLE_SUPERTOKEN": TOKEN,
        "SUPERTABLE_RATE_LIMIT": "0",
        "SUPERTABLE_API_PORT": str(port),
        "LOG_LEVEL": "ERROR",
    }
    os.environ.update(own)
    with supertable.connect(token=TOKEN) as lake:
        lake.create_table("orders", SCHEMA)
    command = [sys.executable, "-m", "supertable.entrypoints.cli.main", "serve", "api"]
    server = subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.DEVNULL)
    try:
        while not answers(port):
            assert server.poll() is None, "the server did not start"
            time.sleep(0.05)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            written = pool.apply(write_rows, (port, clients, _WARM_SECONDS, seconds, keyed))
    finally:
        server.terminate()
        server.wait(60)
    return _check_and_summarize(written, seconds, label)


def _check_and_summarize(written: Written, seconds: float, label: str) -> dict[str, float]:
    with supertable.connect(token=TOKEN) as lake:
        ids = lake.sql("SELECT id FROM orders").arrow()["id"].to_pylist()
        commits = lake.table("orders").info().version - 1
    taken = written.timings
    acknowledged = {number for number, _ in taken}
    assert len(ids) == len(set(ids)), "a write was applied twice"
    assert acknowledged <= set(ids), "an acknowledged write is lost"
    times = sorted(ms for _, ms in taken if ms >= 0)
    result = {
        "writes_per_second": len(times) / seconds,
        "p50_ms": times[len(times) // 2],
        "p95_ms": times[int(len(times) * 0.95)],
        "p99_ms": times[int(len(times) * 0.99)],
        "writes": len(taken),
        "commits": commits,
        "cpu_us_of_clients": written.cpu_us,
    }
    rate, p50, p95, p99 = (result[name] for name in ("writes_per_second", "p50_ms", "p95_ms", "p99_ms"))
    print(f"{label}: {rate:,.0f} writes/s, p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms", flush=True)
    print(f"    {len(taken):,} writes in {commits:,} commits; none lost, none applied twice", flush=True)
    print(f"    {written.cpu_us:.0f} us of CPU for each write in the clients", flush=True)
    return result
