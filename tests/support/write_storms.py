"""Concurrent writers over a failing network. Every acknowledged write must be stored exactly once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa

from supertable.domain.errors import CommitUncertain, Unavailable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.servers.fault_proxy import FaultProxy, Script, WireFault, nothing
from tests.support.budgets import chance
from tests.support.failure_table import Failure

ROWS = 3
SCHEMA = pa.schema([("writer", pa.int32()), ("turn", pa.int32()), ("row", pa.int32())])
_MAX_ATTEMPTS = 50
_SHARE = 0.25
_SHARE_OF_WAITS = 0.1  # of faults that cost a timeout each
_WAITS = {WireFault.NO_ANSWER, WireFault.NO_ANSWER_AFTER, WireFault.SLOW}


@dataclass
class _Observed:
    """What the writers observed: failed calls, stale reads, and the seconds of the slowest call with its retries."""

    failures: int = 0
    stale: int = 0
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def run_write_storm(
    where: str, fault: WireFault, open_lake: Callable[[str, bool], Lake], proxy: FaultProxy, writers: int, turns: int
) -> Failure:
    """Run concurrent writers while a quarter of all requests meets the fault, or a tenth if it costs a timeout.

    Every writer appends `turns` times. It retries each append until it is acknowledged, and then reads its own rows.
    `open_lake(machine, faulty)` opens a lake as a machine of that name; if `faulty`, it reaches the store through the
    proxy.
    """
    observed = _Observed()
    with open_lake("calm", False) as calm:
        calm.create_table("t", SCHEMA)
        lakes = [open_lake(f"machine{writer}", True) for writer in range(writers)]
        met_before, proxy.script = proxy.met, _at_random(fault)
        try:
            with ThreadPoolExecutor(writers) as pool:
                futures = [pool.submit(_write_all, lakes[writer], writer, turns, observed) for writer in range(writers)]
                for future in futures:
                    future.result()
        finally:
            proxy.script = nothing
            for lake in lakes:
                lake.close()
        rows = Counter(
            (row["writer"], row["turn"]) for row in calm.sql("SELECT writer, turn FROM t").arrow().to_pylist()
        )
        commits = calm.table("t").info().version - 1
        assert [finding for finding in calm.fsck().findings if finding.severity.name == "DAMAGE"] == []
    expected = {(writer, turn) for writer in range(writers) for turn in range(turns)}
    assert set(rows) <= expected
    return Failure(
        where=where,
        fault=fault.value,
        times=proxy.met - met_before,
        acknowledged=len(expected),
        lost=sum(rows[write] < ROWS for write in expected),
        doubled=max(sum(rows[write] > ROWS for write in expected), commits - len(expected)),
        stale=observed.stale,
        failed=observed.failures,
        recovery_seconds=observed.slowest,
    )


def _at_random(fault: WireFault) -> Script:
    moments, share = chance("storm"), _SHARE_OF_WAITS if fault in _WAITS else _SHARE
    return lambda _: fault if moments.random() < share else None


def _write_all(lake: Lake, writer: int, turns: int, observed: _Observed) -> None:
    for turn in range(turns):
        data = pa.table([[writer] * ROWS, [turn] * ROWS, list(range(ROWS))], schema=SCHEMA)
        key = f"{writer}-{turn}"
        _retry(lambda data=data, key=key: lake.write("t", data, idempotency_key=key), observed)  # type: ignore[misc]
        query = f"SELECT count(*) AS n FROM t WHERE writer = {writer}"
        found = _retry(lambda query=query: lake.sql(query).arrow().to_pylist()[0]["n"], observed)  # type: ignore[misc]
        with observed.lock:
            observed.stale += found != (turn + 1) * ROWS


def _retry(act: Callable[[], object], observed: _Observed) -> object:
    """Repeat a call, as a caller would with the same idempotency key, until it is answered."""
    began = time.monotonic()
    for _ in range(_MAX_ATTEMPTS):
        try:
            answer = act()
        except (Unavailable, CommitUncertain):
            with observed.lock:
                observed.failures += 1
            continue
        with observed.lock:
            observed.slowest = max(observed.slowest, time.monotonic() - began)
        return answer
    raise AssertionError("no answer after all attempts")
