"""A lake whose SPARK is the server of this run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import supertable
from supertable.entrypoints.sdk.lakes.lake import Lake
from tests.servers.spark_thrift import SparkThrift


@pytest.fixture(scope="module")
def lake(spark: SparkThrift, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Its storage is in a folder with signs that patterns and SQL know."""
    with pytest.MonkeyPatch.context() as patch:
        settings = {"SUPERTABLE_RESULT_CACHE_BYTES": "0", "SUPERTABLE_SPARK_CONNECT_TIMEOUT": "60"}
        for name, value in {**spark.environment, **settings}.items():
            patch.setenv(name, value)
        patch.setenv("SUPERTABLE_SPARK_BATCH_SIZE", "2")
        home = tmp_path_factory.mktemp("lake") / "lake {a},{b} c"
        with supertable.connect(home=home) as found:
            yield found
