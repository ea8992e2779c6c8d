"""Many clients that write single rows through the API, on local files and on SeaweedFS with Valkey.

The server is a process of `supertable serve api`. The clients run in another process, so that neither waits for the
other's interpreter. At the end, every acknowledged write must be stored exactly once.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa

import supertable
from benchmarks.machine import machine_facts
from tests.servers.process import answers, free_port
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.valkey import Valkey

SCHEMA = pa.schema([("id", pa.int64()), ("region", pa.string()), ("amount", pa.float64()), ("at", pa.timestamp("us"))])
_TOKEN = "st_of-the-measurements"
_PATH = "/api/v1/supertables/main/tables/orders/rows"
_WARM_SECONDS = 2.0
Timings = list[tuple[int, float]]
"""The acknowledged ids, and the milliseconds that each took."""


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
        "SUPERTABLE_SUPERTOKEN": _TOKEN,
        "SUPERTABLE_RATE_LIMIT": "0",
        "SUPERTABLE_API_PORT": str(port),
        "LOG_LEVEL": "ERROR",
    }
    os.environ.update(own)
    with supertable.connect(token=_TOKEN) as lake:
        lake.create_table("orders", SCHEMA)
    command = [sys.executable, "-m", "supertable.entrypoints.cli.main", "serve", "api"]
    server = subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.DEVNULL)
    try:
        while not answers(port):
            assert server.poll() is None, "the server did not start"
            time.sleep(0.05)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            taken = pool.apply(_run_clients, (port, clients, seconds, keyed))
    finally:
        server.terminate()
        server.wait(60)
    return _check_and_summarize(taken, seconds, label)


def _check_and_summarize(taken: Timings, seconds: float, label: str) -> dict[str, float]:
    with supertable.connect(token=_TOKEN) as lake:
        ids = lake.sql("SELECT id FROM orders").arrow()["id"].to_pylist()
        commits = lake.table("orders").info().version - 1
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
    }
    rate, p50, p95, p99 = (result[name] for name in ("writes_per_second", "p50_ms", "p95_ms", "p99_ms"))
    print(f"{label}: {rate:,.0f} writes/s, p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms", flush=True)
    print(f"    {len(taken):,} writes in {commits:,} commits; none lost, none applied twice", flush=True)
    return result


def _run_clients(port: int, clients: int, seconds: float, keyed: bool) -> Timings:
    return asyncio.run(_run_all(port, clients, seconds, keyed))


async def _run_all(port: int, clients: int, seconds: float, keyed: bool) -> Timings:
    numbers = count()
    start = time.perf_counter() + _WARM_SECONDS
    written = await asyncio.gather(*(_run_client(port, numbers, start, start + seconds, keyed) for _ in range(clients)))
    return [timing for taken in written for timing in taken]


async def _run_client(port: int, numbers: Any, start: float, end: float, keyed: bool) -> Timings:
    """Write one row after another over one connection. Writes of the warm-up count as -1 ms."""
    taken: Timings = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (began := time.perf_counter()) < end:
        number = next(numbers)
        writer.write(_request(number, keyed))
        status, answer = await _read_answer(reader)
        assert status == 201, answer
        assert json.loads(answer)["rows_inserted"] == 1
        taken.append((number, (time.perf_counter() - began) * 1000 if began >= start else -1.0))
    writer.close()
    return taken


def _request(number: int, keyed: bool) -> bytes:
    body = json.dumps({"id": number, "region": "north", "amount": 1.5, "at": "2026-01-01T00:00:00"}).encode()
    key = f"Idempotency-Key: order-{number}\r\n" if keyed else ""
    head = (
        f"POST {_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {_TOKEN}\r\n{key}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    return int(head.split(" ", 2)[1]), await reader.readexactly(int(headers["content-length"]))
