"""Which Spark cluster takes a query, and what is told where none does."""

from __future__ import annotations

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

    def clusters(self, *clusters: Cluster) -> Clusters:
        return Clusters(clusters, 1, self._answers, lambda: self.now)

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
    clusters.lost(SMALL)
    assert clusters.unavailable() == "its cluster does not answer"


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
