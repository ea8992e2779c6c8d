"""Queries on SPARK that are cancelled, take too long or run at once; and what they leave behind."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from supertable.adapters.engines.spark.clusters import Cluster
from supertable.adapters.engines.spark.sessions.session import Session
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.engine_choice import EngineName
from supertable.domain.errors import QueryCancelled, QueryFailed, QueryTimeout, ResultTooLarge
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.servers.spark_thrift import SparkThrift

ROWS = 6_000
SLOW = "SELECT count(*) FROM n a, n b WHERE b.k < 1000 AND a.t || b.t LIKE '%1%text%2%'"
"""It ends by itself after some seconds, since the server's threads would go on if a cancel were lost."""
SUM = "SELECT sum(k) FROM n WHERE k >= 0"


@pytest.fixture(scope="module")
def n(lake: Lake) -> Lake:
    lake.write("n", {"k": list(range(ROWS)), "t": [f"text {i}" for i in range(ROWS)]})
    return lake


def left_over(lake: Lake) -> list[Path]:
    """Objects that were handed over to the cluster."""
    return list(Path(lake._container.settings().home).glob("storage/*/-/spark/*.parquet"))


@pytest.mark.parametrize("sql", [SLOW, SLOW.replace("count(*)", "a.k")], ids=["while it runs", "while rows come"])
def test_a_query_is_cancelled_within_two_seconds(n: Lake, sql: str) -> None:
    run_query = n._container.run_query()
    query = run_query.prepare(n._namespace, sql, engine=EngineName.SPARK)
    running = run_query.run(query, (), Limits())
    cancelled: list[float] = []

    def cancel() -> None:
        cancelled.append(time.monotonic())
        running.cancel()

    threading.Timer(0.7, cancel).start()
    with pytest.raises(QueryCancelled):
        running.reader.read_all()
    assert time.monotonic() - cancelled[0] < 2


def test_a_query_that_takes_too_long_is_stopped(n: Lake) -> None:
    with pytest.raises(QueryTimeout, match="0.5 s"):
        n.sql(SLOW, engine="spark", timeout_seconds=0.5).to_arrow()


def test_a_result_with_too_many_rows_is_an_error(n: Lake) -> None:
    with pytest.raises(ResultTooLarge):
        n.sql("SELECT k FROM n", engine="spark", max_rows=ROWS - 1).to_arrow()
    assert n.sql("SELECT k FROM n", engine="spark", max_rows=ROWS).to_arrow().num_rows == ROWS


def test_rows_stream_in_batches(n: Lake) -> None:
    sizes = [batch.num_rows for batch in n.sql("SELECT a.k FROM n a, n b WHERE b.k < 5", engine="spark").batches()]
    assert sum(sizes) == 5 * ROWS
    assert max(sizes) <= 16_384


def test_eight_queries_at_once(n: Lake) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda at: list(n.sql(f"SELECT sum(k) + {at} FROM n WHERE k >= 0", engine="spark")), range(8))
        )
    total = sum(range(ROWS))
    assert [int(rows[0][0]) for rows in found] == [total + at for at in range(8)]


def test_nothing_is_left_behind(n: Lake, spark: SparkThrift) -> None:
    """Inline rows and bitmaps are handed over; a query fails, one ends early, one is cancelled."""
    n.write("n", {"k": [ROWS], "t": ["inline"]})
    n.delete("n", "k % 3 = 1")
    assert int(next(iter(n.sql(SUM, engine="spark")))[0]) == sum(k for k in range(ROWS + 1) if k % 3 != 1)
    with pytest.raises(QueryFailed):
        n.sql("SELECT CAST(t AS INTEGER) FROM n", engine="spark").to_arrow()
    early = n.sql("SELECT k FROM n", engine="spark", stream=True)
    next(iter(early.batches()))
    early.close()
    deadline = time.monotonic() + 20
    while left_over(n) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_over(n) == []
    session = Session(Cluster("127.0.0.1", spark.port), 10)
    try:
        session.execute("SHOW VIEWS")
        assert not session.rows(10, None, lambda: False)[0].stringVal.values
    finally:
        session.close()
