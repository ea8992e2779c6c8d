"""Many clients that write single rows and read them back. Nothing may fail or be lost.

The server is a process of `supertable serve api`; the clients are threads of another process.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import supertable
from benchmarks.machine import machine_facts
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.valkey import Valkey
from tests.support.api.load import SCHEMA, TABLE, Load, run_load
from tests.support.api.service import TOKEN, ApiService


def measure(clients: int, seconds: float, servers: bool) -> dict[str, Any]:
    """Measure on local files, and if `servers` on SeaweedFS and Valkey. Prints progress."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {"local": _measure("local files", {}, folder / "local", clients, seconds)}
        if servers:
            store, redis = SeaweedFS(folder / "seaweedfs"), Valkey(folder / "valkey")
            try:
                environment = {**store.environment, **redis.environment}
                found["seaweedfs_valkey"] = _measure(
                    "SeaweedFS and Valkey", environment, folder / "servers", clients, seconds
                )
            finally:
                redis.stop()
                store.stop()
    return {"machine": machine_facts(), "clients": clients, "seconds": seconds, **found}


def _measure(
    label: str, environment: Mapping[str, str], folder: Path, clients: int, seconds: float
) -> dict[str, float]:
    home = folder / "home"
    own = {**environment, "SUPERTABLE_PREFIX": "load", "SUPERTABLE_SUPERTOKEN": TOKEN, "LOG_LEVEL": "ERROR"}
    own["SUPERTABLE_EXECUTORS"] = ""  # the default
    os.environ.update(own)
    with supertable.connect(home, token=TOKEN) as lake:
        lake.create_table(TABLE, SCHEMA)
        service = ApiService(home, folder / "service", **own)
        try:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                load: Load = pool.apply(run_load, (service.port, TOKEN, clients, seconds))
        finally:
            service.stop()
        assert not load.errors, load.errors[:3]
        assert not load.lost_ids(lake), "an acknowledged write is lost"
        assert not load.duplicate_ids(lake), "a write was applied twice"
        commits = lake.table(TABLE).info().version - 1
    return _summarize(label, load, commits)


def _summarize(label: str, load: Load, commits: int) -> dict[str, float]:
    writes, reads = _times(load.write_ms), _times(load.read_ms)
    rate = len(load.written) / load.seconds
    print(f"{label}: {rate:,.0f} writes/s, {len(load.read_ms) / load.seconds:,.0f} reads/s", flush=True)
    for kind, times in (("write", writes), ("read", reads)):
        print(f"    {kind}s: " + ", ".join(f"{name} {ms:.0f} ms" for name, ms in times.items()))
    print(
        f"    {len(load.written):,} writes in {commits:,} commits, {load.replayed:,} of them sent twice; "
        f"{len(load.read_ms):,} reads; no errors, none lost, none applied twice",
        flush=True,
    )
    counts = {"writes": len(load.written), "reads": len(load.read_ms), "replayed": load.replayed, "commits": commits}
    in_ms = {
        f"{kind}_{name}_ms": ms for kind, found in (("write", writes), ("read", reads)) for name, ms in found.items()
    }
    return {"writes_per_second": rate, **in_ms, **counts}


def _times(found: list[float]) -> dict[str, float]:
    ordered = sorted(found)
    return {f"p{share}": ordered[len(ordered) * share // 100] for share in (50, 95, 99)}
