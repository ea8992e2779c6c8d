"""Several processes write to one table while others read. Every write succeeds, and readers see whole versions only."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import supertable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.integration.commits.writer_processes import ROWS, SCHEMA, context, write_turns
from tests.support.budgets import BUDGET

WRITERS = 4
TURNS = 10

CUT = """
    SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM copy),
           (SELECT count(*) FROM (SELECT writer, count(*) AS n, count(DISTINCT turn) AS turns FROM t GROUP BY ALL)
            WHERE n % {rows} <> 0 OR ({keyed} AND (n <> {rows} OR turns <> 1))),
           (SELECT coalesce(sum(turn), 0) FROM t), (SELECT coalesce(sum(turn), 0) FROM copy)
"""


def read_cuts(lake: Lake, sql: str, stop: threading.Event, queries: int) -> int:
    """Query repeatedly. Writers write to t before its copy, so no consistent cut has more rows in the copy."""
    done = 0
    while done < queries or not stop.is_set():
        rows, copied, broken, turns, copied_turns = lake.sql(sql).arrow().to_pylist()[0].values()
        assert broken == 0
        assert rows % ROWS == 0
        assert rows >= copied
        assert turns >= copied_turns
        done += 1
    return done


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_four_writers_and_readers(home: Path, mode: str) -> None:
    forkserver = context()
    with supertable.connect(home=home) as lake:
        for name in ("t", "copy"):
            lake.create_table(name, SCHEMA, keys=["id"] if mode == "upsert" else [])
        ready = forkserver.Barrier(WRITERS)
        writers = [
            forkserver.Process(target=write_turns, args=(home, writer, TURNS, ready, mode)) for writer in range(WRITERS)
        ]
        sql = CUT.format(rows=ROWS, keyed="true" if mode == "upsert" else "false")
        stop = threading.Event()
        with ThreadPoolExecutor(2) as pool:
            readers = [pool.submit(read_cuts, lake, sql, stop, BUDGET.concurrent_queries) for _ in range(2)]
            for process in writers:
                process.start()
            for process in writers:
                process.join(120)
            stop.set()
            assert sum(reader.result() for reader in readers) >= 2 * BUDGET.concurrent_queries
        assert [process.exitcode for process in writers] == [0] * WRITERS
        history = lake.table("t").history()
        assert len(history) == WRITERS * TURNS + 1
        expected = WRITERS * ROWS * (TURNS if mode == "append" else 1)
        assert lake.sql("SELECT count(*) FROM t").arrow().to_pylist() == [{"count_star()": expected}]
        if mode == "upsert":
            assert lake.sql("SELECT DISTINCT turn FROM t").arrow().to_pylist() == [{"turn": TURNS - 1}]
