"""SPARK in services, whose statements executors run otherwise; and the doors of REST."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from supertable import Lake
from supertable.config.closing import close
from supertable.config.service_container import service_container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import owner
from supertable.domain.errors import NotOnSpark
from tests.servers.spark_thrift import SparkThrift


@pytest.fixture(scope="module")
def service(spark: SparkThrift, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """AUTO takes SPARK for all that reads a byte."""
    settings = load_settings(
        home=tmp_path_factory.mktemp("service"),
        spark_clusters=spark.environment["SUPERTABLE_SPARK_CLUSTERS"],
        executors=1,
        result_cache_bytes=0,
        engine_lite_max_bytes=0,
        engine_spark_min_bytes=0,
    )
    container = service_container(settings)
    yield Lake(container, "main", owner("default"))
    close(container)


def test_a_service_asks_spark(service: Lake) -> None:
    service.write("t", {"id": list(range(2_000)), "name": [f"n{n % 3}" for n in range(2_000)]})
    counts = [("n0", 667), ("n1", 667), ("n2", 666)]
    found = service.sql("SELECT name, count(*) FROM t GROUP BY name ORDER BY name")
    assert (list(found), found.engine) == (counts, "spark")
    assert found.engine_reason.endswith("more than 0 bytes are for SPARK.")
    known = service.sql("SELECT max(id) FROM t", engine="spark")
    assert (list(known), known.engine) == ([(1_999,)], "lite")
    assert known.engine_reason == "The query asks for SPARK. LITE answers: the snapshot knows the answer."
    with pytest.raises(NotOnSpark):
        service.sql("EXPLAIN FROM t", engine="spark").to_arrow()
    passed = service.sql("SELECT id FROM t USING SAMPLE 10%")
    assert passed.engine != "spark"
    assert "SPARK is passed over: it does not answer all parts of the statement" in passed.engine_reason


def test_nothing_of_a_query_is_left_in_the_storage(service: Lake) -> None:
    home = Path(service._container.settings().home)
    assert not [path for path in home.rglob("*") if path.parent.name == "spark" and path.suffix == ".parquet"]
