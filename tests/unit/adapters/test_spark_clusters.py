"""Which Spark cluster takes a query, and what is told where none does."""

from __future__ import annotations

import threading
import time

import pytest

from supertable.adapters.engines.spark.clusters import Cluster, Clusters
from supertable.adapters.engines.spark.relations.locations import Locations

SMALL = Cluster("small", max_bytes=999)
LARGE = Cluster("large", min_bytes=1_000, max_bytes=9_999)


class Network:
    """Which clusters answer, and the time."""

    def __init__(self, *there: Cluster) -> None:
        self.there = set(there)
        self.now = 0.0
        self.asked = 0
        self.refused = ""
        """Why no session can be opened."""
        self.broken: Exception | None = None
        """What signing in raises."""

    def clusters(self, *clusters: Cluster) -> Clusters:
        return Clusters(clusters, 1, self.sign_in, self._answers, lambda: self.now)

    def sign_in(self, cluster: Cluster) -> str:
        if self.broken:
            raise self.broken
        return self.refused

    def _answers(self, cluster: Cluster, seconds: float) -> bool:
        self.asked += 1
        return cluster in self.there


@pytest.mark.parametrize(
    ("size", "first", "unfit"),
    [
        (0, SMALL, ""),
        (999, SMALL, ""),
        (1_000, LARGE, ""),
        (9_999, LARGE, ""),
        (10_000, LARGE, "no cluster that answers takes 10.0 kB"),
    ],
    ids=["nothing", "most of small", "least of large", "most of large", "too large"],
)
def test_windows(size: int, first: Cluster, unfit: str) -> None:
    clusters = Network(SMALL, LARGE).clusters(LARGE, SMALL)
    assert clusters.for_query(size)[0] == first
    assert clusters.unfit(size) == unfit


def test_a_cluster_that_is_away_takes_nothing() -> None:
    network = Network(LARGE)
    clusters = network.clusters(SMALL, LARGE)
    assert clusters.unavailable() == ""
    assert clusters.for_query(5) == [LARGE]
    assert clusters.unfit(5) == "no cluster that answers takes 5 bytes"


def test_without_a_cluster_that_answers() -> None:
    clusters = Network().clusters(SMALL)
    assert clusters.unavailable() == "its cluster does not answer"
    assert clusters.for_query(5) == [SMALL], "a connection tells why"


def test_clusters_are_looked_for_seldom_and_a_lost_one_at_once() -> None:
    network = Network(SMALL)
    clusters = network.clusters(SMALL)
    for _ in range(5):
        assert clusters.unavailable() == ""
    assert network.asked == 1
    clusters.lost(SMALL, "it sleeps")
    assert clusters.unavailable() == "it sleeps"


def test_a_cluster_that_comes_back_takes_the_next_query_after_two_seconds() -> None:
    network = Network()
    clusters = network.clusters(SMALL)
    assert clusters.unavailable() == "its cluster does not answer"
    network.there.add(SMALL)
    assert clusters.unavailable() == "its cluster does not answer"
    network.now = 2
    assert clusters.unavailable() == ""
    assert network.asked == 2


def test_a_cluster_that_refuses_sessions_is_asked_each_half_minute() -> None:
    network = Network(SMALL)
    network.refused = "no"
    clusters = network.clusters(SMALL)
    assert clusters.unavailable() == "no"
    network.refused = ""
    network.now = 29
    assert clusters.unavailable() == "no"
    assert network.asked == 1
    network.now = 30
    assert clusters.unavailable() == ""


def test_a_look_that_breaks_is_not_the_last_one() -> None:
    network = Network(SMALL)
    network.broken = ImportError("half a package")
    clusters = network.clusters(SMALL)
    assert clusters.unavailable() == "its cluster does not answer"
    network.broken = None
    network.now = 2
    assert clusters.unavailable() == ""


def test_a_cluster_that_swallows_connections_delays_one_query_and_that_not_for_long() -> None:
    """Behind a firewall: a connection is neither accepted nor refused. `connect_seconds` is 60."""
    swallowed, looks = threading.Event(), []

    def probe(cluster: Cluster, seconds: float) -> bool:
        looks.append(seconds)
        return swallowed.wait(60)

    clusters = Clusters([SMALL, LARGE], 60, probe=probe)
    started = time.monotonic()
    for _ in range(100):
        assert clusters.unavailable() == "its cluster does not answer"
    assert time.monotonic() - started < 30
    assert looks == [60, 60]
    swallowed.set()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["t/data/a.parquet"], r"s3a://b/\{x\}/t/data/a.parquet"),
        (["t/data/a.parquet", "t/data/b.parquet"], r"s3a://b/\{x\}/t/data/{a.parquet,b.parquet}"),
        (["t/data/a.parquet", "u/data/b.parquet"], r"s3a://b/\{x\}/{t/data/a.parquet,u/data/b.parquet}"),
    ],
    ids=["one", "one folder", "two folders"],
)
def test_patterns_of_files(keys: list[str], expected: str) -> None:
    assert Locations("s3a://b/{x}/").of(keys) == expected
