"""The server process and its workers: deaths, restarts, and what does not end them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.process import answers
from tests.support.api.http import fetch
from tests.support.api.service import ApiService


def workers_of(server: int) -> list[int]:
    """The process ids of the workers, oldest first."""
    tasks = Path(f"/proc/{server}/task")
    children = [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]
    return sorted(pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes())


def wait_until(true: Callable[[], bool], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def asked(service: ApiService) -> int:
    """The status of a query, over a new connection; 0 if the connection breaks."""
    try:
        with service.client() as api:
            return api.post("/api/v1/query", json={"sql": "SELECT 1 AS n"}).status_code
    except httpx.TransportError:
        return 0


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


@pytest.fixture
def service(home: Path, tmp_path: Path, temporary: Path) -> Iterator[ApiService]:
    service = ApiService(home, tmp_path / "service", SUPERTABLE_API_WORKERS="2", TMPDIR=str(temporary))
    wait_until(lambda: len(workers_of(service.process.pid)) == 2)
    yield service
    service.stop()


def test_nothing_needs_the_temporary_folder(service: ApiService, temporary: Path) -> None:
    assert list(temporary.iterdir()) == []
    temporary.rmdir()
    before = workers_of(service.process.pid)
    assert [asked(service) for _ in range(20)] == [200] * 20
    metrics = fetch(f"{service.url}/metrics")
    assert 'route="/api/v1/query",status="200"} 20.0' in metrics.text
    assert workers_of(service.process.pid) == before


def test_deaths_in_quick_succession_leave_the_other_worker_alone(service: ApiService) -> None:
    victim, other = workers_of(service.process.pid)
    for _ in range(3):
        os.kill(victim, signal.SIGKILL)
        victim = _successor(service.process.pid, {victim, other})
    assert is_alive(other)
    wait_until(lambda: 'supertable_worker_restarts_total{reason="SIGKILL"} 3.0' in _metrics(service))
    assert "a worker died; it is restarted" in service.log()
    wait_until(lambda: asked(service) == 200)
    assert is_alive(other)


def test_counts_of_a_dead_worker_stay(service: ApiService) -> None:
    assert [asked(service) for _ in range(10)] == [200] * 10
    wait_until(lambda: 'route="/api/v1/query",status="200"} 10.0' in _metrics(service))
    for worker in workers_of(service.process.pid):
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: 'route="/api/v1/query",status="200"} 10.0' in _metrics(service))


def test_workers_end_with_their_server(service: ApiService) -> None:
    workers = workers_of(service.process.pid)
    service.process.kill()
    wait_until(lambda: not any(is_alive(worker) for worker in workers))
    assert not answers(service.port)


def _successor(server: int, known: set[int]) -> int:
    wait_until(lambda: len(set(workers_of(server)) - known) == 1)
    (worker,) = set(workers_of(server)) - known
    return worker


def _metrics(service: ApiService) -> str:
    try:
        return fetch(f"{service.url}/metrics").text
    except httpx.TransportError:
        return ""
