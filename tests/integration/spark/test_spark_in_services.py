"""SPARK in services, whose statements executors run otherwise; and the doors of REST."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from supertable import Lake
from supertable.config.closing import close
from supertable.config.service_container import service_container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import owner
from supertable.domain.errors import NotOnSpark
from tests.servers.spark_thrift import SparkThrift
from tests.support.api.jobs import submit_query, wait_for_state, wait_until_ended
from tests.support.api.server import TOKEN, ApiServer

PRODUCT = "SELECT a.id FROM t a, t b"
"""Its four million rows take half a minute and more."""
SLOW = "SELECT count(*) FROM t a, t b, (FROM t LIMIT 2) c WHERE a.name || b.name || c.name LIKE '%1%n%2%'"
"""It takes some seconds until its first row."""


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
        supertoken=TOKEN,
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


@pytest.fixture(scope="module")
def api(service: Lake) -> Iterator[httpx.Client]:
    """A client of the REST API of the service."""
    server = ApiServer(service._container)
    with server.client() as client:
        yield client
    server.stop()


def leases(service: Lake) -> int:
    return len(service._container.leases().live())


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_job_is_cancelled_within_two_seconds(service: Lake, api: httpx.Client) -> None:
    service.write("t", {"id": list(range(2_000)), "name": ["n0"] * 2_000})
    job = submit_query(api, PRODUCT, engine="spark")
    assert wait_for_state(api, job, {"running"})["engine"] == "spark"
    time.sleep(1)
    assert api.delete(job).status_code == 202
    assert wait_until_ended(api, job, 2)["state"] == "cancelled"
    wait_until(lambda: leases(service) == 0, 2)


def test_a_client_that_hangs_up_ends_its_query(service: Lake, api: httpx.Client) -> None:
    body = {"sql": PRODUCT, "engine": "spark"}
    headers = {"Accept": "application/vnd.apache.arrow.stream"}
    with api.stream("POST", "/api/v1/query", json=body, headers=headers) as answer:
        next(answer.iter_raw())
        assert leases(service) == 1
    wait_until(lambda: leases(service) == 0, 2)
    with pytest.raises(httpx.ReadTimeout):
        api.post("/api/v1/query", json={**body, "sql": SLOW}, timeout=0.5)
    wait_until(lambda: leases(service) == 0, 2)


def test_nothing_of_a_query_is_left_in_the_storage(service: Lake) -> None:
    home = Path(service._container.settings().home)
    assert not [path for path in home.rglob("*") if path.parent.name == "spark" and path.suffix == ".parquet"]
