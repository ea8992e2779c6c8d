"""Sessions of SPARK that cannot be opened, and what is told then."""

from __future__ import annotations

import sys
import threading
import time

import pyarrow as pa
import pytest

from supertable.adapters.engines.spark.clusters import Cluster
from supertable.adapters.engines.spark.errors import SparkError, translated
from supertable.adapters.engines.spark.running import SparkRun, Work, rows_of_a_batch
from supertable.adapters.engines.spark.sessions.opening import opened
from supertable.adapters.engines.spark.sessions.pool import SessionPool
from supertable.adapters.engines.spark.sessions.session import Session
from supertable.adapters.engines.spark.translation.translator import SparkQuery
from supertable.application.ports.engines.running_queries import Limits
from supertable.domain.errors import QueryCancelled, QueryTimeout, Unavailable
from tests.servers.process import free_port


def test_without_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "TCLIService", None)
    assert SessionPool(1).prepare(Cluster("127.0.0.1")) == (
        "its packages are not installed: pip install 'supertable-lake[spark]'"
    )


@pytest.mark.parametrize("auth", ["NONE", "NOSASL", "LDAP"])
def test_without_a_server(auth: str) -> None:
    cluster = Cluster("127.0.0.1", free_port(), auth, "me", "hunter2")
    assert SessionPool(1).prepare(cluster) == "its cluster does not answer"


class Opening:
    """A session that takes its time to open. `closed`: it was closed, since nobody wanted it any more."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.closed = threading.Event()

    def take(self) -> Session:
        self.go.wait(60)
        return self  # type: ignore[return-value]

    def close(self) -> None:
        self.closed.set()


def test_a_query_that_is_stopped_waits_for_no_session_and_leaves_none() -> None:
    cancelled, late = Opening(), Opening()
    with pytest.raises(QueryCancelled):
        opened(cancelled.take, None, lambda: True)
    with pytest.raises(QueryTimeout):
        opened(late.take, time.monotonic(), lambda: False)
    for opening in (cancelled, late):
        assert not opening.closed.is_set()
        opening.go.set()
        assert opening.closed.wait(60)


def test_a_query_is_ended_while_the_interpreter_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts no threads then, and runs what forgotten queries do when they go."""

    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    ended: list[bool] = []
    query = SparkQuery(sql="", kinds=(), schema=pa.schema([]))
    running = SparkRun(Work(Opening().take, (), query, lambda: ended.append(True)), Limits())
    monkeypatch.setattr(threading.Thread, "start", start)
    running.close()
    running.close()
    assert ended == [True]


@pytest.mark.parametrize(
    ("size", "rows"),
    [(0, 16_384), (1_020, 16_384), (1_048_572, 16), (20_000_000, 1)],
    ids=["nothing", "small", "a megabyte each", "larger than a batch"],
)
def test_large_values_are_fetched_a_few_at_once(size: int, rows: int) -> None:
    """A text is as large as its bytes and the four of its place."""
    assert rows_of_a_batch(pa.record_batch({"t": ["x" * size]})) in (rows, rows - 1)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[FAILED_READ_FILE.NO_HINT] s3a://b/x.parquet: Status Code: 403", ": it has no access to the storage. "),
        ("[FAILED_READ_FILE.NO_HINT] file:/srv/a403f.parquet: corrupt", "files. "),
        ("[PATH_NOT_FOUND] No FileSystem for scheme s3a", ": it has no access to the storage. "),
    ],
    ids=["refused", "digits of a name", "no driver"],
)
def test_files_that_the_cluster_cannot_read(text: str, told: str) -> None:
    error = translated(SparkError(text), None)
    assert isinstance(error, Unavailable)
    assert told in str(error)
    assert "parquet" not in str(error)
