"""Queries that crash, never end or take all memory, in a service that others use."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pyarrow as pa
import pytest

import supertable
from tests.servers.process import is_alive
from tests.support.api.actors import TABLES, create_token
from tests.support.api.harm import run_harm
from tests.support.api.service import ApiService
from tests.support.processes import children_with

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="executors are for Linux")
LONG = "levenshtein(repeat('ab', 400000 + id), repeat('ba', 400000)) = 1"


class Served:
    """A lake with some users, and its service."""

    def __init__(self, folder: Path) -> None:
        home = folder / "home"
        with supertable.connect(home) as lake:
            lake.create_table_from("few", pa.table({"id": [1, 2, 3]}))
            lake.create_table("rows", pa.schema([("name", pa.string())]))
            lake.roles.create("users", "writer", ["*"])
            self.tokens = [create_token(lake, f"user_{number}", "users") for number in range(12)]
        settings = {
            "SUPERTABLE_API_WORKERS": "2",
            "SUPERTABLE_EXECUTORS": "2",
            "SUPERTABLE_EXECUTOR_MEMORY": "700MB",
            "LOG_LEVEL": "WARNING",
        }
        self.api = ApiService(home, folder / "service", **settings)

    def workers(self) -> set[int]:
        return {*children_with("spawn_main", self.api.process.pid)}

    def killed(self, reason: str) -> float:
        """How many processes of queries were killed for the reason."""
        with self.api.client() as client:
            text = client.get("/metrics").text
        return sum(
            map(float, re.findall(rf'^supertable_executors_killed_total{{reason="{reason}"}} (\S+)', text, re.M))
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("served"))
    yield served
    served.api.stop()


def test_harmful_queries_are_errors_of_those_who_send_them_alone(served: Served) -> None:
    workers = served.workers()
    assert len(workers) == 2
    harm = run_harm(served.api.client, served.tokens[:6], served.tokens[6:], seconds=2)
    assert harm.unexpected == []
    assert harm.seconds
    assert harm.statuses.keys() <= {0, 200, 422, 503}
    assert served.workers() == workers
    assert served.killed("crashed") > 0
    began = time.monotonic()
    with served.api.client() as client:
        answer = client.post("/api/v1/query", json={"sql": "SELECT max(id) AS m FROM few"})
    assert answer.json()["rows"] == [{"m": 3}]
    assert time.monotonic() - began < 10


def test_a_delete_ends_when_its_client_disconnects(served: Served) -> None:
    before = served.killed("cancelled")
    with served.api.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post(f"{TABLES}/few/deletions", json={"where": LONG}, timeout=0.5)
    deadline = time.monotonic() + 10
    while served.killed("cancelled") == before:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with served.api.client() as client:
        assert client.get(f"{TABLES}/few").json()["version"] == 2
        assert client.post(f"{TABLES}/few/deletions", json={"where": "id = 3"}).status_code == 201
        assert client.post("/api/v1/query", json={"sql": "SELECT max(id) AS m FROM few"}).json()["rows"] == [{"m": 2}]


def test_an_overwrite_ends_when_its_client_disconnects(served: Served) -> None:
    before = served.killed("cancelled")
    with served.api.client() as client:
        version = client.get(f"{TABLES}/few").json()["version"]
        replacing = {"mode": "overwrite", "where": LONG}
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"{TABLES}/few/rows", json=[{"id": 1}], params=replacing, timeout=0.5)
        deadline = time.monotonic() + 10
        while served.killed("cancelled") == before:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert client.get(f"{TABLES}/few").json()["version"] == version


def test_an_idle_process_that_dies_is_replaced(served: Served) -> None:
    children = [child for one in served.workers() for child in psutil.Process(one).children(recursive=True)]
    for child in children:
        with suppress(psutil.NoSuchProcess):  # they end with the process that started them
            child.kill()
    deadline = time.monotonic() + 30
    while any(is_alive(child.pid) for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    with served.api.client() as client:
        answers = [client.post("/api/v1/query", json={"sql": "SELECT min(id) AS m FROM few"}) for _ in range(4)]
    assert [answer.json().get("rows", answer.text) for answer in answers] == [[{"m": 1}]] * 4
