"""Settings of the Spark engine."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class SparkSettings(BaseSettings):
    """Which clusters run queries, and within which bounds."""

    spark_clusters: SecretStr | None = Field(
        default=None,
        alias="SUPERTABLE_SPARK_CLUSTERS",
        examples=["thrift://spark.example.com:10000?auth=NOSASL"],
        description="Spark Thrift servers for SPARK, separated by spaces (see docs/engines.md); if unset, none.",
    )
    spark_storage: str | None = Field(
        default=None,
        alias="SUPERTABLE_SPARK_STORAGE",
        examples=["s3a://bucket/folder"],
        description="URI by which the clusters read the storage; if unset, s3a, abfss, gs or file by STORAGE_TYPE.",
    )
    spark_query_timeout_seconds: float = Field(
        default=300.0,
        gt=0,
        alias="SUPERTABLE_SPARK_QUERY_TIMEOUT",
        description="Seconds after which a query on SPARK is cancelled, if no other limit is less.",
    )
    spark_connect_timeout_seconds: float = Field(
        default=10.0,
        gt=0,
        alias="SUPERTABLE_SPARK_CONNECT_TIMEOUT",
        description="Seconds that a cluster has to accept a connection.",
    )
    spark_batch_size: int = Field(
        default=500,
        gt=0,
        alias="SUPERTABLE_SPARK_BATCH_SIZE",
        description="Files that one view of a query on SPARK reads; more files are a union of such views.",
    )
