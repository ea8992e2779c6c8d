"""Several writers at once over a network that fails: what they were told was done must be there, and once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa

from supertable.domain.errors import CommitUncertain, Unavailable
from supertable.entrypoints.sdk.lake import Lake
from tests.servers.fault_proxy import FaultProxy, Script, WireFault, nothing
from tests.support.budgets import chance
from tests.support.failure_table import Failure

ROWS = 3
SCHEMA = pa.schema([("writer", pa.int32()), ("turn", pa.int32()), ("row", pa.int32())])
_MOST_TRIES = 50
_SHARE = 0.25
_SHARE_OF_WAITS = 0.1  # what costs a time-out each
_WAITS = {WireFault.NO_ANSWER, WireFault.NO_ANSWER_AFTER, WireFault.SLOW}


@dataclass
class _Seen:
    failures: int = 0
    stale: int = 0
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def storm(
    where: str, fault: WireFault, open_lake: Callable[[str, bool], Lake], proxy: FaultProxy, writers: int, turns: int
) -> Failure:
    """A quarter of all requests meets the fault, or a tenth.

    Every writer appends `turns` times, each time until it is acknowledged, and then looks whether it is there.
    `open_lake(machine, faulty)`: a lake of a machine of that name, which reaches the store through the proxy or not.
    """
    seen = _Seen()
    with open_lake("calm", False) as calm:
        calm.create_table("t", SCHEMA)
        lakes = [open_lake(f"machine{writer}", True) for writer in range(writers)]
        met, proxy.script = proxy.met, _at_random(fault)
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
        commits = calm.table("t").info().version - 1
        assert [finding for finding in calm.fsck().findings if finding.severity.name == "DAMAGE"] == []
    wanted = {(writer, turn) for writer in range(writers) for turn in range(turns)}
    assert set(rows) <= wanted
    return Failure(
        where=where,
        fault=fault.value,
        times=proxy.met - met,
        acknowledged=len(wanted),
        lost=sum(rows[write] < ROWS for write in wanted),
        doubled=max(sum(rows[write] > ROWS for write in wanted), commits - len(wanted)),
        stale=seen.stale,
        failed=seen.failures,
        recovery_seconds=seen.slowest,
    )


def _at_random(fault: WireFault) -> Script:
    moments, share = chance("storm"), _SHARE_OF_WAITS if fault in _WAITS else _SHARE
    return lambda _: fault if moments.random() < share else None


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
    began = time.monotonic()
    for _ in range(_MOST_TRIES):
        try:
            answer = act()
        except (Unavailable, CommitUncertain):
            with seen.lock:
                seen.failures += 1
            continue
        with seen.lock:
            seen.slowest = max(seen.slowest, time.monotonic() - began)
        return answer
    raise AssertionError("never answered")
