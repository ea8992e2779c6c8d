"""Jobs with several workers: crashes, shutdown, lost heartbeats, store failures, damage and expiry."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable import Lake
from supertable.adapters.clocks.system import SystemClock
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.application.ports.engines.running_queries import Limits
from supertable.application.tables.namespace import Namespace
from supertable.config.container import Container
from supertable.config.settings.settings import load_settings
from supertable.domain.access.sessions import owner
from supertable.domain.errors import NotFound, ObjectDamaged, StoreUnavailable, TooManyJobs
from supertable.domain.jobs import JobState, JobStatus
from tests.servers.process import ServerProcess, free_port
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.valkey import Valkey
from tests.support.api.http import is_healthy, open_client
from tests.support.api.jobs import ENDLESS, JOBS, QUERIES, submit_query, wait_for_state, wait_until_ended
from tests.support.budgets import BUDGET, SOAK, chance
from tests.support.faulty_store import Fault, FaultyStore

TOKEN = "the-token-of-the-superuser"
NUMBERS = pa.table({"id": list(range(200_000))})
SESSION = owner("default")
MAIN = Namespace("default", "main", SESSION)
DAY = 24 * 3600


class Service:
    """The installed `supertable serve api`, as a process."""

    def __init__(self, home: Path, folder: Path) -> None:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [str(Path(sys.executable).parent / "supertable"), "--home", str(home), "serve", "api"]
        environment = {**os.environ, "SUPERTABLE_EXECUTORS": "0"}  # none need to start
        self.process = ServerProcess([*command, "--port", str(port)], folder, environment)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        self.api = open_client(url, headers=headers, timeout=30)
        self.process.wait_until(lambda: is_healthy(url))

    def stop(self) -> None:
        self.api.close()
        self.process.stop(20)


@pytest.fixture
def services(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Service]]:
    """A function that starts services over one lake."""
    monkeypatch.setenv("SUPERTABLE_SUPERTOKEN", TOKEN)
    monkeypatch.setenv("SUPERTABLE_TOKEN", TOKEN)
    made: list[Service] = []

    def make() -> Service:
        made.append(Service(home, home.parent / f"service-{len(made)}"))
        return made[-1]

    yield make
    for service in made:
        service.stop()


class ShiftedClock(SystemClock):
    def __init__(self, ahead_seconds: float) -> None:
        self._ahead_us = round(ahead_seconds * 1_000_000)

    def now_us(self) -> int:
        return super().now_us() + self._ahead_us


@pytest.fixture
def lake(home: Path) -> Iterator[Lake]:
    """An embedded lake with a table `numbers`. Its container runs jobs."""
    with supertable.connect(home) as lake:
        lake.create_table_from("numbers", NUMBERS)
        yield lake
        lake._container.job_runner().close()


def submitted_job(container: Container, sql: str) -> JobStatus:
    status: JobStatus = container.background_queries().submit(MAIN, sql, [], Limits())
    return status


def wait_until_over(container: Container, status: JobStatus, seconds: float = 20) -> JobStatus:
    deadline = time.monotonic() + seconds
    while not (found := container.background_queries().status(SESSION, status.job.id)).state.over:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    assert isinstance(found, JobStatus)
    return found


def wait_until_running(container: Container, status: JobStatus) -> None:
    while container.background_queries().status(SESSION, status.job.id).state is not JobState.RUNNING:
        time.sleep(0.02)


def objects(home: Path) -> list[Path]:
    """All objects of jobs in the store."""
    return sorted(path for path in (home / "storage" / "default" / "-").rglob("*") if path.is_file())


def age(paths: list[Path], seconds: float) -> None:
    for path in paths:
        then = path.stat().st_mtime - seconds
        os.utime(path, (then, then))


BACKENDS = ["local", "servers"]


@pytest.fixture(params=BACKENDS if BUDGET is SOAK else [chance("backend of jobs").choice(BACKENDS)])
def each_backend(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "servers":
        store: SeaweedFS = request.getfixturevalue("seaweedfs")
        catalog: Valkey = request.getfixturevalue("valkey")
        for name, value in {**store.environment, **catalog.environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("SUPERTABLE_PREFIX", f"jobs_{uuid4().hex}")


@pytest.mark.slow
def test_any_worker_answers_for_a_job_until_it_is_stopped(
    each_backend: None, home: Path, services: Callable[[], Service]
) -> None:
    one, other = services(), services()
    with supertable.connect(home) as lake:
        lake.create_table_from("numbers", NUMBERS)
    address = submit_query(one.api, "SELECT * FROM numbers ORDER BY id")
    assert wait_until_ended(other.api, address)["rows"] == 200_000
    headers = {"Accept": "application/vnd.apache.arrow.stream"}
    assert pa.ipc.open_stream(other.api.get(f"{address}/results", headers=headers).content).read_all() == NUMBERS
    endless = submit_query(one.api, ENDLESS)
    wait_for_state(other.api, endless, {"running"})
    assert other.api.delete(endless).status_code == 202
    assert wait_until_ended(other.api, endless, 5)["state"] == "cancelled"
    assert one.api.get(endless).json()["state"] == "cancelled"
    assert [job["state"] for job in other.api.get(JOBS).json()["items"]] == ["cancelled", "succeeded"]
    running = submit_query(one.api, ENDLESS)
    wait_for_state(other.api, running, {"running"})
    one.stop()
    stopped = other.api.get(running).json()
    assert (stopped["state"], stopped["error"]["type"]) == ("cancelled", "/problems/job-interrupted")
    assert other.api.get(f"{address}/results?limit=1").json()["items"] == [{"id": 0}]
    assert other.api.delete(address).status_code == 204
    with supertable.connect(home) as lake:
        assert lake.fsck().findings == ()


def test_a_job_whose_worker_is_killed_is_lost(
    home: Path, services: Callable[[], Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERTABLE_JOBS_AT_ONCE", "1")
    monkeypatch.setenv("SUPERTABLE_JOBS_PER_USER", "2")
    service = services()
    active, waiting = submit_query(service.api, ENDLESS), submit_query(service.api, "SELECT 1")
    wait_for_state(service.api, active, {"running"})
    service.process.kill()
    container = Container(settings=load_settings(home=home))
    ids = [address.removeprefix(f"{QUERIES}/") for address in (active, waiting)]
    states = [container.background_queries().status(SESSION, one).state for one in ids]
    assert states == [JobState.RUNNING, JobState.QUEUED]  # their heartbeats are still recent
    container = later_container(home, 31)
    found = [container.background_queries().status(SESSION, one) for one in ids]
    assert [one.state for one in found] == [JobState.LOST] * 2
    assert all(one.error and one.error.type == "JobInterrupted" for one in found)
    assert (
        wait_until_over(container, submitted_job(container, "SELECT 1")).state is JobState.SUCCEEDED
    )  # lost jobs do not count against the limit
    for one in found:
        assert container.list_jobs().stop(one) is None
        with pytest.raises(NotFound):
            container.background_queries().status(SESSION, one.job.id)
    assert not any(one in str(path) for path in objects(home) for one in ids)
    container.job_runner().close()


def later_container(home: Path, seconds: float) -> Container:
    """The container of a worker whose clock is ahead by so many seconds."""
    container = Container(settings=load_settings(home=home))
    container.clock.override(providers.Object(ShiftedClock(seconds)))
    return container


def test_removing_a_job_that_only_seems_lost_stops_it(home: Path, lake: Lake) -> None:
    status = submitted_job(lake._container, ENDLESS)
    wait_until_running(lake._container, status)
    observer = later_container(home, 60)
    seen = observer.background_queries().status(SESSION, status.job.id)
    assert seen.state is JobState.LOST
    assert observer.list_jobs().stop(seen) is None
    deadline = time.monotonic() + 10
    while lake._container.job_store().unfinished_ids("default", SESSION.user) or objects(home):
        assert time.monotonic() < deadline, objects(home)
        time.sleep(0.05)


def test_the_end_of_a_job_counts_even_if_it_seemed_lost(home: Path, lake: Lake) -> None:
    observer = later_container(home, 60)
    status = submitted_job(lake._container, "SELECT * FROM numbers")
    wait_until_over(lake._container, status)
    assert observer.background_queries().status(SESSION, status.job.id).state is JobState.SUCCEEDED


def test_a_full_queue_refuses_jobs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_JOBS_AT_ONCE", "1")
    monkeypatch.setenv("SUPERTABLE_JOBS_PER_USER", "1000")
    container = Container(settings=load_settings(home=home))
    accepted = [submitted_job(container, ENDLESS) for _ in range(33)]
    with pytest.raises(TooManyJobs, match="33 unfinished jobs"):
        submitted_job(container, ENDLESS)
    assert len(container.job_store().unfinished_ids("default", SESSION.user)) == 33
    container.job_runner().close()
    states = {container.background_queries().status(SESSION, one.job.id).state for one in accepted}
    assert states == {JobState.CANCELLED}


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.LOST_ANSWER])
def test_a_job_that_cannot_be_stored_is_not_started(home: Path, fault: Fault) -> None:
    for at in (1, 2, 3):
        container = Container(settings=load_settings(home=home))
        store = FaultyStore(LocalObjectStore(home / "storage"), fault, at)
        container.store.override(providers.Object(store))
        with pytest.raises(StoreUnavailable):
            submitted_job(container, ENDLESS)
        assert store.met
        assert container.list_jobs()(SESSION, 10).jobs == []
        assert wait_until_over(container, submitted_job(container, "SELECT 1")).state is JobState.SUCCEEDED
        for status in container.list_jobs()(SESSION, 10).jobs:
            container.list_jobs().stop(status)
        container.job_runner().close()


def test_an_end_that_the_store_refused_is_written_later(home: Path, lake: Lake) -> None:
    class Refusing(FaultyStore):
        refused = 0

        def put(self, key: str, data: bytes) -> None:
            if key.endswith("/end") and self.refused < 2:
                self.refused += 1
                raise StoreUnavailable("write", key, "injected")
            super().put(key, data)

    container = Container(settings=load_settings(home=home))
    store = Refusing(LocalObjectStore(home / "storage"))
    container.store.override(providers.Object(store))
    assert wait_until_over(container, submitted_job(container, "SELECT 1")).state is JobState.SUCCEEDED
    assert store.refused == 2
    container.job_runner().close()


def test_a_result_that_cannot_be_written_leaves_nothing(home: Path, lake: Lake) -> None:
    class Full(FaultyStore):
        def put(self, key: str, data: bytes) -> None:
            if key.endswith("/000001.arrow"):
                raise StoreUnavailable("write", key, "injected")
            super().put(key, data)

    container = Container(settings=load_settings(home=home))
    container.store.override(providers.Object(Full(LocalObjectStore(home / "storage"))))
    found = wait_until_over(container, submitted_job(container, "SELECT * FROM numbers"))
    assert found.state is JobState.FAILED
    assert found.error is not None
    assert found.error.type == "StoreUnavailable"
    assert list(home.rglob("*.arrow")) == []
    container.job_runner().close()


@pytest.mark.parametrize("name", ["end", "job", "000001.arrow"])
def test_a_damaged_object_of_a_job_is_an_error(home: Path, lake: Lake, name: str) -> None:
    status = submitted_job(lake._container, "SELECT * FROM numbers")
    wait_until_over(lake._container, status)
    (path,) = (path for path in objects(home) if path.name == name)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ObjectDamaged):
        lake._container.background_queries().results(SESSION, status.job.id, 0, None).reader.read_all()


def test_a_sweep_deletes_expired_jobs_and_nothing_else(home: Path, lake: Lake) -> None:
    old, young, active, ghost = (
        submitted_job(lake._container, sql) for sql in ["SELECT 1", "SELECT 2", ENDLESS, "SELECT 3"]
    )
    for status in (old, young, ghost):
        wait_until_over(lake._container, status)
    wait_until_running(lake._container, active)
    heartbeat = home / "storage" / "default" / "-" / "beats" / SESSION.user / active.job.id
    while list(heartbeat.parent.iterdir()) != [heartbeat]:  # those of ended jobs are deleted a moment after the end
        time.sleep(0.01)
    paths = {status.job.id: [path for path in objects(home) if status.job.id in str(path)] for status in (old, active)}
    age(
        [*paths[old.job.id], *(set(paths[active.job.id]) - {heartbeat})], DAY + 3700
    )  # as if the active job had submitted_job long ago
    folder = home / "storage" / "default" / "-" / "jobs"
    left = folder / SESSION.user / ghost.job.id
    (left / "job").unlink()
    foreign = [
        folder / "readme.txt",
        folder / "someone" / ("1" * 32) / "job",
        folder / SESSION.user / "notes" / "job",
        folder / SESSION.user / old.job.id / "notes",
        folder / SESSION.user / old.job.id / "results" / "0.parquet",
        home / "storage" / "default" / "-" / "access" / "log" / "notes",
        home / "storage" / "other" / "-" / "jobs" / SESSION.user / ("2" * 32) / "job",
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    age([*foreign, *(path for path in left.rglob("*") if path.is_file())], 10 * DAY)

    swept = lake._container.sweep_jobs()("default")
    assert (swept.jobs, swept.bytes > 0) == (2, True)
    assert all(path.read_bytes() == b"mine" for path in foreign)
    remaining = [status.job.id for status in lake._container.list_jobs()(SESSION, 10).jobs]
    assert remaining == [active.job.id, young.job.id]
    assert lake._container.sweep_jobs()("default").jobs == 0
    assert lake.fsck().sound
    assert lake.sql("SELECT count(*) AS n FROM numbers").arrow()["n"].to_pylist() == [200_000]


def test_a_sweep_deletes_an_expired_lost_job_with_its_heartbeat(home: Path, lake: Lake) -> None:
    status = submitted_job(lake._container, ENDLESS)
    wait_until_running(lake._container, status)
    saved = {path: path.read_bytes() for path in objects(home)}
    lake._container.job_runner().close()
    for path in objects(home):
        path.unlink()
    for path, data in saved.items():  # as a crash of the worker would have left them
        path.write_bytes(data)
    age(list(saved), DAY + 3500)
    assert lake._container.sweep_jobs()("default").jobs == 0
    age(list(saved), 200)
    assert lake._container.sweep_jobs()("default").jobs == 1
    assert objects(home) == []


def test_maintenance_sweeps_the_jobs_of_its_organization(home: Path, lake: Lake) -> None:
    wait_until_over(lake._container, submitted_job(lake._container, "SELECT 1"))
    age(objects(home), 2 * DAY)
    report = lake.maintain()
    assert report.jobs is not None
    assert report.jobs.jobs == 1
    assert objects(home) == []


def test_a_service_sweeps_on_its_own(home: Path, lake: Lake, services: Callable[[], Service]) -> None:
    wait_until_over(lake._container, submitted_job(lake._container, "SELECT 1"))
    age(objects(home), 2 * DAY)
    services()
    deadline = time.monotonic() + 10
    while objects(home):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_jobs_disturb_neither_fsck_nor_the_catalog(home: Path, lake: Lake) -> None:
    wait_until_over(lake._container, submitted_job(lake._container, "SELECT * FROM numbers"))
    before = lake.fsck()
    assert before.findings == ()
    lake.rebuild_catalog()
    assert lake.fsck().tables == before.tables == 1
    found: Any = lake._container.list_supertables()(SESSION)
    assert [getattr(one, "name", one) for one in found] == ["main"]
