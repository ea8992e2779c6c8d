"""Several writers at once over a network that fails: what they were told was done must be there, and once."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa

from supertable.domain.errors import CommitUncertain, Unavailable
from supertable.entrypoints.sdk.lake import Lake
from tests.servers.fault_proxy import FaultProxy, Request, Script, WireFault, nothing

ROWS = 3
SCHEMA = pa.schema([("writer", pa.int32()), ("turn", pa.int32()), ("row", pa.int32())])
_MOST_TRIES = 50


@dataclass(frozen=True)
class Tally:
    """`faults` requests went wrong. The slowest recovery: from a write's first failure to its acknowledgement."""

    faults: int
    acknowledged: int
    failures: int
    lost: int
    doubled: int
    stale: int
    slowest_recovery_seconds: float


@dataclass
class _Seen:
    failures: int = 0
    stale: int = 0
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def at_random(fault: WireFault, share: float, seed: int) -> Script:
    """That share of all requests meets the fault."""
    chance = random.Random(seed)
    return lambda _: fault if chance.random() < share else None


def storm(open_lake: Callable[[str, bool], Lake], proxy: FaultProxy, script: Script, writers: int, turns: int) -> Tally:
    """Every writer appends `turns` times, each time until it is acknowledged, and then looks whether it is there.

    `open_lake(machine, faulty)`: a lake of a machine of that name, which reaches the store through the proxy or not.
    """
    seen = _Seen()
    with open_lake("calm", False) as calm:
        calm.create_table("t", SCHEMA)
        lakes = [open_lake(f"machine{writer}", True) for writer in range(writers)]
        met, proxy.script = proxy.met, script
        try:
            with ThreadPoolExecutor(writers) as pool:
                ends = [pool.submit(_write_all, lakes[writer], writer, turns, seen) for writer in range(writers)]
                for end in ends:
                    end.result()
        finally:
            proxy.script = nothing
            for lake in lakes:
                lake.close()
        rows = Counter(
            (row["writer"], row["turn"]) for row in calm.sql("SELECT writer, turn FROM t").arrow().to_pylist()
        )
        commits = len(calm.table("t").history()) - 1
        assert [finding for finding in calm.fsck().findings if finding.severity.name == "DAMAGE"] == []
    wanted = {(writer, turn) for writer in range(writers) for turn in range(turns)}
    assert set(rows) <= wanted
    return Tally(
        faults=proxy.met - met,
        acknowledged=len(wanted),
        failures=seen.failures,
        lost=sum(rows[write] < ROWS for write in wanted),
        doubled=max(sum(rows[write] > ROWS for write in wanted), commits - len(wanted)),
        stale=seen.stale,
        slowest_recovery_seconds=seen.slowest,
    )


def _write_all(lake: Lake, writer: int, turns: int, seen: _Seen) -> None:
    for turn in range(turns):
        data = pa.table([[writer] * ROWS, [turn] * ROWS, list(range(ROWS))], schema=SCHEMA)
        key = f"{writer}-{turn}"
        _insist(lambda data=data, key=key: lake.write("t", data, idempotency_key=key), seen)  # type: ignore[misc]
        query = f"SELECT count(*) AS n FROM t WHERE writer = {writer}"
        found = _insist(lambda query=query: lake.sql(query).arrow().to_pylist()[0]["n"], seen)  # type: ignore[misc]
        with seen.lock:
            seen.stale += found != (turn + 1) * ROWS


def _insist(act: Callable[[], object], seen: _Seen) -> object:
    """As a caller would: the same again, with the write's idempotency key, until there is an answer."""
    began = None
    for _ in range(_MOST_TRIES):
        try:
            answer = act()
        except (Unavailable, CommitUncertain):
            began = began or time.monotonic()
            with seen.lock:
                seen.failures += 1
            continue
        with seen.lock:
            seen.slowest = max(seen.slowest, time.monotonic() - began if began else 0.0)
        return answer
    raise AssertionError("never answered")


__all__ = ["Request", "Tally", "at_random", "storm"]
