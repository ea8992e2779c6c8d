"""The Spark engine: checked statements on clusters, by the protocol of HiveServer2."""

from supertable.adapters.engines.spark.clusters import Cluster
from supertable.adapters.engines.spark.engine import SparkEngine, SparkOptions

__all__ = ["Cluster", "SparkEngine", "SparkOptions"]
