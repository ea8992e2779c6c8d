"""Failures of Redis under load: no acknowledged write is lost, no stale version is read. `-s` prints the table."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.valkey import Sentinels, Valkey
from tests.support.failure_table import record_failure
from tests.support.traffic import Traffic

pytestmark = pytest.mark.failures


@pytest.fixture
def server(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    server = Valkey(tmp_path / "valkey")
    use(server, monkeypatch)
    yield server
    server.kill()


@pytest.fixture
def sentinels(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sentinels]:
    sentinels = Sentinels(tmp_path / "sentinels")
    use(sentinels, monkeypatch)
    yield sentinels
    sentinels.stop()


def use(server: Valkey | Sentinels, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


def record_and_check(traffic: Traffic, fault: str, times: int, recovery_seconds: float) -> None:
    failure = traffic.failure(fault, times, recovery_seconds)
    record_failure(failure)
    assert traffic.unexpected_errors == []
    assert traffic.stale == []
    assert (failure.lost, failure.doubled) == (0, 0)


def test_redis_is_down(home: Path, server: Valkey) -> None:
    recoveries = []
    with Traffic(home).running() as traffic:
        for _ in range(3):
            traffic.seconds_until_written()
            server.kill()
            time.sleep(1)
            reads = traffic.reads
            time.sleep(1)
            assert traffic.reads > reads + 10
            assert traffic.failed_writes
            server.restart()
            recoveries.append(traffic.seconds_until_written())
        time.sleep(1)
    assert traffic.failed_reads == 0
    record_and_check(traffic, "Redis is down for 2 s, and empty after that", 3, max(recoveries))


@pytest.mark.slow
def test_redis_stands_still(home: Path, server: Valkey) -> None:
    recoveries = []
    with Traffic(home).running() as traffic:
        for _ in range(2):
            traffic.seconds_until_written()
            server.pause()
            reads = traffic.reads
            time.sleep(5)
            assert traffic.reads > reads + 3
            server.resume()
            recoveries.append(traffic.seconds_until_written())
        time.sleep(0.5)
    assert traffic.failed_reads == 0
    record_and_check(traffic, "Redis stands still for 5 s", 2, max(recoveries))


def test_redis_is_wiped(home: Path, server: Valkey) -> None:
    recoveries = []
    with Traffic(home).running() as traffic, server.client() as client:
        for _ in range(20):
            traffic.seconds_until_written()
            client.flushall()
            recoveries.append(traffic.seconds_until_written())
        time.sleep(0.5)
    assert traffic.failed_reads == traffic.failed_writes == 0
    record_and_check(traffic, "Redis is wiped (FLUSHALL)", 20, max(recoveries))


def test_redis_is_restored_from_an_older_dump(home: Path, server: Valkey, tmp_path: Path) -> None:
    recoveries = []
    with Traffic(home).running() as traffic:
        for number in range(3):
            for _ in range(3):
                traffic.seconds_until_written()
            with server.client() as client:
                client.save()
            backup = shutil.copy(server.folder / "dump.rdb", tmp_path / f"{number}.rdb")
            for _ in range(10):
                traffic.seconds_until_written()
            server.kill()
            shutil.copy(backup, server.folder / "dump.rdb")
            server.restart()
            with server.client() as client:
                assert list(client.scan_iter("*:heads"))
            recoveries.append(traffic.seconds_until_written())
        time.sleep(0.5)
    record_and_check(traffic, "Redis is restored from an older dump", 3, max(recoveries))


@pytest.mark.slow
def test_a_failover_loses_writes(home: Path, sentinels: Sentinels) -> None:
    with Traffic(home).running() as traffic:
        traffic.seconds_until_written()
        master = sentinels.master
        sentinels.cut_replica_off()
        for _ in range(10):
            traffic.seconds_until_written()
        started = time.monotonic()
        master.kill()
        sentinels.wait_for_another_master(than=master)
        traffic.seconds_until_written()
        recovery_seconds = time.monotonic() - started
        for _ in range(10):
            traffic.seconds_until_written()
    record_and_check(traffic, "Sentinel fails over to a replica that lacks writes", 1, recovery_seconds)


@pytest.mark.slow
def test_a_replaced_master_resumes_after_a_failover(home: Path, sentinels: Sentinels) -> None:
    with Traffic(home).running() as traffic:
        traffic.seconds_until_written()
        master = sentinels.master
        started = time.monotonic()
        master.pause()
        sentinels.wait_for_another_master(than=master)
        traffic.seconds_until_written()
        recovery_seconds = time.monotonic() - started
        for _ in range(5):
            traffic.seconds_until_written()
        master.resume()
        time.sleep(2)
    record_and_check(traffic, "The master stands still, is replaced, and resumes", 1, recovery_seconds)
