"""Servers of SPARK that go away, hang or come back while queries run; and many queries through the pool of sessions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pyarrow as pa
import pytest

import supertable
from supertable.domain.errors import EngineUnavailable, QueryCancelled, QueryFailed, QueryTimeout, ResultTooLarge
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.servers.relay import Relay
from tests.servers.spark_thrift import SparkThrift
from tests.support.budgets import BUDGET, SOAK

ROWS = 6_000
SUM, TOTAL = "SELECT sum(k) FROM n WHERE k >= 0", sum(range(ROWS))
STREAMED = "SELECT a.k FROM n a, n b WHERE b.k < 100"
QUERIES = 1_000 if BUDGET is SOAK else 16
THREADS = 4


@pytest.fixture
def relay(spark: SparkThrift) -> Iterator[Relay]:
    found = Relay(spark.port)
    yield found
    found.thaw()
    found.stop()


@pytest.fixture
def n(relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """Its SPARK is behind the relay. AUTO takes SPARK, and PRO keeps nothing."""
    monkeypatch.setenv("SUPERTABLE_SPARK_CLUSTERS", f"127.0.0.1:{relay.port}")
    for name in ("ENGINE_SPARK_MIN_BYTES", "ENGINE_LITE_MAX_BYTES", "RESULT_CACHE_BYTES", "PRO_CACHE_BYTES"):
        monkeypatch.setenv(f"SUPERTABLE_{name}", "0")
    with supertable.connect(home=tmp_path) as lake:
        lake.write("n", {"k": list(range(ROWS)), "t": [f"text {i}" for i in range(ROWS)]})
        yield lake


def total(lake: Lake) -> int:
    return int(next(iter(lake.sql(SUM, engine="spark")))[0])


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def handed_over(home: Path) -> list[Path]:
    return list(home.glob("storage/*/-/spark/*.parquet"))


def streaming(lake: Lake) -> Iterator[pa.RecordBatch]:
    """The batches after the first of a result of 600,000 rows."""
    batches = lake.sql(STREAMED, engine="spark", stream=True).batches()
    next(batches)
    return batches


def test_a_server_that_goes_away_and_comes_back(n: Lake, relay: Relay) -> None:
    """No part of a result passes as the whole, and the next query needs no restart of ours."""
    assert n.sql(SUM).engine == "spark"
    batches = streaming(n)
    relay.down()
    with pytest.raises(
        QueryFailed, match=r"The connection to the cluster ended while the query ran\. It is safe to try"
    ):
        list(batches)
    passed = n.sql(SUM)
    assert passed.engine != "spark"
    assert "SPARK is passed over: its cluster does not answer." in passed.engine_reason
    with pytest.raises(EngineUnavailable, match="its cluster does not answer"):
        total(n)
    relay.up()

    def is_back() -> bool:
        with suppress(EngineUnavailable):
            return total(n) == TOTAL
        return False

    wait_until(is_back)
    assert n.sql(SUM).engine == "spark"


def test_a_server_that_hangs(n: Lake, relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query ends in time while its session is opened, and while rows come. Then all goes on."""
    monkeypatch.setenv("SUPERTABLE_SPARK_QUERY_TIMEOUT", "1")
    with supertable.connect(home=tmp_path) as limited:
        assert limited.sql("SELECT count(*) FROM n", engine="spark").engine == "lite"  # the server was there
        relay.freeze()
        with pytest.raises(QueryTimeout, match="1 s"):
            limited.sql("FROM n", engine="spark").to_arrow()
        relay.thaw()
    result = n.sql(STREAMED, engine="spark", stream=True)
    batches = result.batches()
    next(batches)
    relay.freeze()
    started = time.monotonic()
    threading.Timer(0.2, result.cancel).start()
    with pytest.raises(QueryCancelled):
        list(batches)
    assert time.monotonic() - started < 2.2
    relay.thaw()
    assert total(n) == TOTAL


@pytest.fixture
def some(n: Lake, tmp_path: Path) -> Iterator[Lake]:
    """The same lake in a role that sees the first half of the rows."""
    n.roles.create("some", "reader")
    n.roles.grant("some", "n", where="k < 3000")
    n.users.create("olga", "some")
    with supertable.connect(home=tmp_path, token=n.tokens.create("olga's", "olga").secret) as found:
        yield found


def test_many_queries_leave_nothing_behind(n: Lake, some: Lake, relay: Relay, tmp_path: Path) -> None:
    """Threads ask in two roles: in full, with errors, with too many rows, and stopped in the middle."""
    n.delete("n", "k % 3 = 1")
    sums = {n: sum(k for k in range(ROWS) if k % 3 != 1), some: sum(k for k in range(3_000) if k % 3 != 1)}

    def ask(at: int) -> None:
        lake = (n, some)[at % 2]
        match at // 2 % 4:
            case 0:
                sql = ("SELECT CAST(t AS INTEGER) FROM n", "FROM n")[at // 8 % 2]
                with pytest.raises((QueryFailed, ResultTooLarge)):
                    lake.sql(sql, engine="spark", max_rows=9).arrow()
            case 1:
                stopped = lake.sql(STREAMED, engine="spark", stream=True)
                next(stopped.batches())
                stopped.close()
            case _:
                assert total(lake) == sums[lake]

    for lake in sums:
        total(lake)
    before = kept()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(ask, range(QUERIES)))
    wait_until(lambda: relay.connections <= len(sums))  # a spare session of each
    assert handed_over(tmp_path) == []
    wait_until(lambda: all(now <= then for now, then in zip(kept(), before, strict=True)))
    some.close()
    n.close()
    wait_until(lambda: relay.connections == 0)


def kept() -> tuple[int, int]:
    """What this process has of threads and open files; each connection of the relay has both."""
    return threading.active_count(), psutil.Process().num_fds()
