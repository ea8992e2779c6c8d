"""One-row commits: one writer, beside DuckLake with inlining and beside another version; many writers over HTTP.

Then a full scan and a look-up after many of these commits, beside one clean file of the same rows.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.api.writes import measure as measure_http
from benchmarks.engines.targets import verdicts
from benchmarks.machine import machine_facts
from benchmarks.peers.systems.ducklake import DuckLakeTables
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.valkey import Valkey

_ROOT = Path(__file__).parents[2]
_WRITER = Path(__file__).with_name("commit_writer.py")
OURS, LANDED, DUCKLAKE = "this version", "landed", "DuckLake, inlining"
Found = dict[str, Any]


def measure(seconds: float, rounds: int, commits: int, clients: int, landed: Path | None, servers: bool) -> Found:
    """`landed`: the checkout of the version to compare with. Prints progress."""
    trees = {OURS: _ROOT} | ({LANDED: landed} if landed else {})
    document: Found = {"machine": machine_facts(), "seconds": seconds, "rounds": rounds}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sides = {name: _writer(tree, folder, {}) for name, tree in trees.items()}
        document["local"] = _in_turns({**sides, **_ducklake(folder)}, seconds, rounds)
        document["reads"] = {name: _run(tree, folder, {}, "reads", commits) for name, tree in trees.items()}
        _print_reads(document["reads"], commits)
        if servers:
            document["seaweedfs_valkey"] = _on_servers(trees, folder, seconds, rounds)
    document["http"] = measure_http(clients, seconds, servers)
    return document | {"targets": verdicts(_values(document))}


def _writer(tree: Path, folder: Path, environment: Mapping[str, str]) -> Callable[[float], Found]:
    return lambda seconds: _run(tree, folder, environment, "commits", seconds)


def _run(tree: Path, folder: Path, environment: Mapping[str, str], what: str, amount: float) -> Found:
    """What the writer prints, in a new lake."""
    name = f"commits_{uuid4().hex}"
    added = {"PYTHONPATH": str(tree), "SUPERTABLE_PREFIX": name, **environment}
    command = [sys.executable, str(_WRITER), str(folder / name), what, str(amount)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **added})
    found: Found = json.loads(done.stdout)
    return found


def _ducklake(folder: Path) -> dict[str, Callable[[float], Found]]:
    if not DuckLakeTables.there():
        print("left out: DuckLake: `make bench` creates its environment", flush=True)
        return {}
    return {DUCKLAKE: lambda seconds: _inlining(folder / uuid4().hex, seconds)}


def _inlining(folder: Path, seconds: float) -> Found:
    tables = DuckLakeTables(folder, inlined_rows=100)
    try:
        return tables.one_by_one(seconds)
    finally:
        tables.close()


def _on_servers(trees: Mapping[str, Path], folder: Path, seconds: float, rounds: int) -> Found:
    store, redis = SeaweedFS(folder / "seaweedfs"), Valkey(folder / "valkey")
    try:
        environment = {**store.environment, **redis.environment}
        sides = {name: _writer(tree, folder, environment) for name, tree in trees.items()}
        print("on SeaweedFS and Valkey:", flush=True)
        return _in_turns(sides, seconds, rounds)
    finally:
        redis.stop()
        store.stop()


def _in_turns(sides: Mapping[str, Callable[[float], Found]], seconds: float, rounds: int) -> Found:
    """The medians of the rounds, by side."""
    found: dict[str, list[Found]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, write in sides.items():
            found[name].append(write(seconds))
    medians = {
        name: {what: statistics.median(one[what] for one in some) for what in some[0]} for name, some in found.items()
    }
    for name, one in medians.items():
        print(f"{name:<20}{one['per_second']:8.0f} commits/s, median {one['median_ms']:.2f} ms", flush=True)
    return medians


def _print_reads(found: Found, commits: int) -> None:
    for name, reads in found.items():
        for read, sides in reads.items():
            ratio = sides["lite"]["ms"] / sides["parquet"]["ms"]
            print(f"{name}, {read} after {commits:,} commits: {sides['lite']['ms']:.1f} ms, {ratio:.2f}x", flush=True)


def _values(document: Found) -> dict[str, float]:
    """The measured values by the names of their targets."""
    places = {"local": "local", "seaweedfs_valkey": "SeaweedFS and Valkey"}
    found = {
        f"commits by HTTP per second, {place}": document["http"][key]["without_keys"]["writes_per_second"]
        for key, place in places.items()
        if key in document["http"]
    }
    for key, place in places.items():
        if LANDED in document.get(key, {}):
            rate = {name: document[key][name]["per_second"] for name in (OURS, LANDED)}
            found[f"commits, {place}, to the landed code"] = rate[OURS] / rate[LANDED]
    for read, sides in document["reads"][OURS].items():
        found[f"after one-row commits, lite, {read}"] = sides["lite"]["ms"] / sides["parquet"]["ms"]
    return found
