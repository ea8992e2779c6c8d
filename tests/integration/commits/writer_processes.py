"""Writers in separate processes, for tests that kill them or let them race.

The functions that run there are here, since a process imports their module: that of a test has much that is not used.
"""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pyarrow as pa

import supertable
from supertable.application.writes.write_modes import ModeName

ROWS = 500
READY = b"\xff" * 8
SCHEMA = pa.schema([("id", pa.int64()), ("writer", pa.int32()), ("turn", pa.int32())])


def context() -> ForkServerContext:
    """Processes that start quickly, forked from a server that has done the imports only."""
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload(
        ["pandas", "supertable.entrypoints.sdk.lakes.lake", "tests.integration.commits.writer_processes"]
    )
    return forkserver


def turn_of(writer: int, turn: int) -> pa.Table:
    """The rows of one write: always `ROWS` of them, the same keys for every turn of a writer."""
    ids = range(writer * ROWS, (writer + 1) * ROWS)
    return pa.table([list(ids), [writer] * ROWS, [turn] * ROWS], schema=SCHEMA)


def write_until_killed(home: Path, acknowledged: int, start: int) -> None:
    """Signal readiness, then upsert one turn after another. Sends each acknowledged turn to the pipe `acknowledged`."""
    with supertable.connect(home=home) as lake:
        lake.tables()
        os.write(acknowledged, READY)
        turn = start
        while True:
            lake.write("t", turn_of(0, turn), mode="upsert")
            lake.write("copy", turn_of(0, turn), mode="upsert")
            os.write(acknowledged, turn.to_bytes(8))
            turn += 1


def write_turns(home: Path, writer: int, turns: int, ready: Barrier, mode: ModeName) -> None:
    with supertable.connect(home=home) as lake:
        ready.wait(60)
        for turn in range(turns):
            lake.write("t", turn_of(writer, turn), mode=mode)
            lake.write("copy", turn_of(writer, turn), mode=mode)


def read_slowly(home: Path, sql: str, pipe: Connection) -> None:
    """Start reading, report that, continue on a message, and report the number of rows."""
    with supertable.connect(home=home) as lake:
        reader = lake.sql(sql).batches()
        rows = reader.read_next_batch().num_rows
        pipe.send("started")
        pipe.recv()
        pipe.send(rows + sum(batch.num_rows for batch in reader))


__all__ = [
    "READY",
    "ROWS",
    "SCHEMA",
    "ForkServerProcess",
    "context",
    "read_slowly",
    "turn_of",
    "write_until_killed",
    "write_turns",
]


class Descriptor:
    """Passes a pipe's end to a process of the fork server."""

    def __init__(self, descriptor: int) -> None:
        from multiprocessing.reduction import DupFd

        self._descriptor = descriptor
        self._dup = DupFd

    def __reduce__(self) -> tuple[object, ...]:
        return _received, (self._dup(self._descriptor),)


def _received(handle: object) -> int:
    return int(handle.detach())  # type: ignore[attr-defined]


def writer(home: Path, acknowledged: int, start: int) -> None:
    write_until_killed(home, acknowledged, start)
