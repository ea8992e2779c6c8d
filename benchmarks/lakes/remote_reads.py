"""Reads of one large file on SeaweedFS: by our ranges, and by httpfs in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq

from benchmarks.data import orders
from benchmarks.lakes import remote_cases
from benchmarks.lakes.remote_cases import ROWS
from benchmarks.machine import machine_facts
from supertable.adapters.engines.duckdb import DuckDBInstance
from supertable.config.backends.duckdb_access import remote_access
from supertable.config.backends.object_storage import object_store
from supertable.config.settings.settings import load_settings
from supertable.domain.table.data_files import DataFile
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.slow_link import SlowLink

_PEER = Path(__file__).parents[2] / "requirements-duckdb1.lock"
_KEY = "data/orders.parquet"
_ROW_GROUP = 122_880
_LATENCY_SECONDS = 0.02


def measure(turns: int) -> dict[str, Any]:
    """Start the server, write the file, and measure. Prints a table."""
    with tempfile.TemporaryDirectory() as folder:
        peer = _peer(Path(folder) / "peer")
        server = SeaweedFS(Path(folder) / "seaweedfs")
        link = SlowLink(server.endpoint, _LATENCY_SECONDS)
        try:
            os.environ.update(server.environment, SUPERTABLE_HOME=folder)
            size = _write()
            found = {
                name: _measured(peer, endpoint, turns)
                for name, endpoint in (("near", server.endpoint), ("20 ms away", link.endpoint))
            }
        finally:
            link.stop()
            server.stop()
    return {"machine": machine_facts(), "bytes": size, "rows": ROWS, "turns": turns, "reads": found}


def visit(turns: int) -> dict[str, Any]:
    """Measure our own reads, in this process."""
    settings = load_settings()
    store = object_store(settings)
    file = DataFile("orders.parquet", ROWS, store.size(_KEY) or 0, "", 1, {})
    instance = DuckDBInstance(None, None, None, None, remote_access(settings, store))

    @contextmanager
    def located() -> Iterator[tuple[str, Callable[[], None]]]:
        stopped: list[bool] = []
        with closing(instance.begin_reads(lambda: bool(stopped))) as reads:
            yield reads.locate(_KEY, file), lambda: stopped.append(True)

    with closing(instance), closing(instance.cursor()) as cursor:
        return {"duckdb": duckdb.__version__, "ms": remote_cases.measure(cursor, located, turns)}


def _measured(peer: Path, endpoint: str, turns: int) -> dict[str, Any]:
    os.environ["STORAGE_ENDPOINT_URL"] = endpoint
    address = object_store(load_settings()).signed_location(_KEY, 3600)
    ours = _run([sys.executable, "-m", "benchmarks", "remote-visit", str(turns)])
    httpfs = _run([str(peer), "-E", remote_cases.__file__, address, str(turns)])
    ratios = {name: milliseconds / httpfs["ms"][name] for name, milliseconds in ours["ms"].items()}
    for name, ratio in ratios.items():
        print(f"{name:>14}: ranges {ours['ms'][name]:8.1f} ms, httpfs {httpfs['ms'][name]:8.1f} ms, {ratio:.2f}")
    return {"ranges": ours, "httpfs": httpfs, "ratios": ratios}


def _run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _write() -> int:
    settings = load_settings()
    path = settings.folder("temporary") / "orders.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, orders(np.arange(1), 0).schema) as writer:
        for start in range(0, ROWS, 10 * _ROW_GROUP):
            ids = np.arange(start, min(start + 10 * _ROW_GROUP, ROWS))
            writer.write_table(orders(ids, start), row_group_size=_ROW_GROUP)
    with object_store(settings).open_writer(_KEY) as target, path.open("rb") as source:
        while part := source.read(1 << 20):
            target.write(part)
        target.close()
    return path.stat().st_size


def _peer(folder: Path) -> Path:
    """The interpreter of a new environment with httpfs."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", str(_PEER)], check=True)
    return python
