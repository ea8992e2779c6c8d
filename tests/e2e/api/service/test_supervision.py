"""The server process and its workers: deaths, restarts, and what does not end them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.process import answers, is_alive
from tests.support.api.http import fetch
from tests.support.api.service import ApiService
from tests.support.processes import children_with

QUERIES = 'supertable_requests_total{method="POST",route="/api/v1/query",status="200"}'
RESTARTS = 'supertable_worker_restarts_total{reason="SIGKILL"}'


def workers_of(server: int) -> list[int]:
    """The process ids of the workers, oldest first."""
    return children_with("spawn_main", server)


def wait_until(true: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def asked(service: ApiService) -> int:
    """The status of a query, over a new connection; 0 if the connection breaks."""
    try:
        with service.client() as api:
            return api.post("/api/v1/query", json={"sql": "SELECT 1 AS n"}).status_code
    except httpx.TransportError:
        return 0


def started(folder: Path) -> ApiService:
    """A service of two workers whose temporary folder was empty when they were ready, and is then removed."""
    temporary = folder / "temporary"
    temporary.mkdir()
    service = ApiService(folder / "home", folder / "service", SUPERTABLE_API_WORKERS="2", TMPDIR=str(temporary))
    wait_until(lambda: len(workers_of(service.process.pid)) == 2)
    assert list(temporary.iterdir()) == []
    temporary.rmdir()
    return service


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ApiService]]:
    """The services of this module, the last one in use."""
    found: list[ApiService] = []
    yield found
    found[-1].stop()


@pytest.fixture
def service(services: list[ApiService], tmp_path_factory: pytest.TempPathFactory) -> ApiService:
    """Its two workers are ready. Tests may kill them, and the service: the next test then has another one."""
    if not services or not is_alive(services[-1].process.pid):
        services.append(started(tmp_path_factory.mktemp("supervision")))
    service = services[-1]
    wait_until(lambda: len(workers_of(service.process.pid)) == 2 and counted(service, QUERIES) >= 0)
    return service


def test_nothing_needs_the_temporary_folder(service: ApiService) -> None:
    before, answered = workers_of(service.process.pid), counted(service, QUERIES)
    assert [asked(service) for _ in range(20)] == [200] * 20
    assert counted(service, QUERIES) == answered + 20
    assert workers_of(service.process.pid) == before


def test_deaths_in_quick_succession_leave_the_other_worker_alone(service: ApiService) -> None:
    victim, other = workers_of(service.process.pid)
    restarts = counted(service, RESTARTS)
    for _ in range(3):
        os.kill(victim, signal.SIGKILL)
        victim = _successor(service.process.pid, {victim, other})
    assert is_alive(other)
    wait_until(lambda: counted(service, RESTARTS) == restarts + 3)
    assert "a worker died; it is restarted" in service.log()
    wait_until(lambda: asked(service) == 200)
    assert is_alive(other)


def test_counts_of_a_dead_worker_stay(service: ApiService) -> None:
    answered = counted(service, QUERIES)
    assert [asked(service) for _ in range(10)] == [200] * 10
    wait_until(lambda: counted(service, QUERIES) == answered + 10)
    killed = workers_of(service.process.pid)
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: len(set(workers_of(service.process.pid)) - set(killed)) == 2)
    wait_until(lambda: counted(service, QUERIES) == answered + 10)


def test_workers_end_with_their_server(service: ApiService) -> None:
    workers = workers_of(service.process.pid)
    service.process.kill()
    wait_until(lambda: not any(is_alive(worker) for worker in workers))
    wait_until(lambda: not answers(service.port))


def _successor(server: int, known: set[int]) -> int:
    wait_until(lambda: len(set(workers_of(server)) - known) == 1)
    (worker,) = set(workers_of(server)) - known
    return worker


def counted(service: ApiService, series: str) -> float:
    """The value of one series of the metrics, -1 if the service does not answer."""
    try:
        answer = fetch(f"{service.url}/metrics")
    except httpx.TransportError:
        return -1
    values = [float(line.split()[-1]) for line in answer.text.splitlines() if line.startswith(f"{series} ")]
    return sum(values) if answer.status_code == 200 else -1
