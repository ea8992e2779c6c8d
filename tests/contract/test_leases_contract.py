"""The contract of leases. Runs once for each adapter."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from supertable.adapters.leases.files import FileLeases
from supertable.adapters.leases.memory import InMemoryLeases
from supertable.adapters.redis.client import RedisServer
from supertable.adapters.redis.keys import Keys
from supertable.adapters.redis.leases import RedisLeases
from supertable.application.ports.leases import Lease, Leases
from supertable.domain.errors import StoreUnavailable
from tests.servers.valkey import Valkey

Opener = Callable[[], Leases]
LASTS_SECONDS = 2.0


@pytest.fixture(params=["files", "memory", "redis"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Each call returns a handle on the same leases."""
    if request.param == "files":
        return lambda: FileLeases(tmp_path / "leases")
    if request.param == "redis":  # one per process, shared by its threads
        leases = redis_leases(request.getfixturevalue("valkey"), Keys(uuid.uuid4().hex))
        return lambda: leases
    in_memory = InMemoryLeases()
    return lambda: in_memory


def redis_leases(server: Valkey, keys: Keys) -> RedisLeases:
    return RedisLeases(RedisServer(server.address), lambda: keys, LASTS_SECONDS)


def test_at_first_there_are_no_leases(opener: Opener) -> None:
    assert opener().live() == []


def test_a_lease_is_live_until_it_is_closed(opener: Opener) -> None:
    before_us = time.time_ns() // 1000
    lease = opener().begin()
    (seen,) = opener().live()
    assert seen.spans is None
    assert before_us <= seen.began_at_us <= time.time_ns() // 1000
    lease.close()
    lease.close()
    assert opener().live() == []


def test_a_lease_can_be_restricted_to_versions(opener: Opener) -> None:
    with opener().begin() as lease:
        lease.restrict_to({"a/log": [(1, 3), (7, 7)], "b/log": [(2, 2)]})
        (seen,) = opener().live()
        assert seen.spans == {"a/log": ((1, 3), (7, 7)), "b/log": ((2, 2),)}
    assert opener().live() == []


def test_leases_are_independent(opener: Opener) -> None:
    first, second = opener().begin(), opener().begin()
    second.restrict_to({})
    assert sorted(str(lease.spans) for lease in opener().live()) == ["None", "{}"]
    first.close()
    assert [lease.spans for lease in opener().live()] == [{}]
    second.close()


def test_a_garbage_collected_lease_ends(opener: Opener) -> None:
    lease: Lease | None = opener().begin()
    assert len(opener().live()) == 1
    assert lease is not None
    lease = None
    gc.collect()
    assert opener().live() == []


def test_restricting_a_closed_lease_has_no_effect(opener: Opener) -> None:
    lease = opener().begin()
    lease.close()
    lease.restrict_to({"log": [(1, 1)]})
    assert opener().live() == []


def test_threads_see_each_others_leases_while_others_begin_and_end(opener: Opener) -> None:
    stop = threading.Event()
    lost: list[str] = []

    def watch() -> None:
        while not stop.is_set():
            opener().live()

    def read() -> None:
        for _ in range(200):
            with opener().begin() as lease:
                lease.restrict_to({"log": [(1, 1)]})
                if not opener().live():
                    lost.append("a lease was not seen")

    watcher = threading.Thread(target=watch)
    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in (watcher, *readers):
        thread.start()
    for thread in readers:
        thread.join()
    stop.set()
    watcher.join()
    assert lost == []
    assert opener().live() == []


class TestFiles:
    @pytest.fixture
    def leases(self, tmp_path: Path) -> FileLeases:
        return FileLeases(tmp_path / "leases")

    def test_the_leases_of_a_killed_process_end(self, leases: FileLeases, tmp_path: Path) -> None:
        ready = tmp_path / "ready"

        def read() -> None:
            lease = leases.begin()
            lease.restrict_to({"log": [(1, 2)]})
            ready.touch()
            time.sleep(60)

        reader = multiprocessing.get_context("fork").Process(target=read, daemon=True)
        reader.start()
        while not ready.exists():
            time.sleep(0.01)
        assert [lease.spans for lease in leases.live()] == [{"log": ((1, 2),)}]
        assert reader.pid
        os.kill(reader.pid, signal.SIGKILL)
        reader.join()
        assert leases.live() == []
        assert list((tmp_path / "leases").iterdir()) == []

    def test_a_forked_child_does_not_end_the_leases_of_its_parent(self, leases: FileLeases) -> None:
        lease = leases.begin()
        child = multiprocessing.get_context("fork").Process(target=lease.close)
        child.start()
        child.join()
        assert len(leases.live()) == 1
        lease.close()
        assert leases.live() == []

    def test_a_lease_with_incomplete_spans_covers_everything(self, leases: FileLeases, tmp_path: Path) -> None:
        with leases.begin() as lease:
            (file,) = (tmp_path / "leases").iterdir()
            for part in (b'{"log": [[1,', b"[]\n", b'{"log": 1}\n', b"\xff\n"):
                file.write_bytes(part)
                assert [seen.spans for seen in leases.live()] == [None]
            lease.restrict_to({})

    def test_other_files_are_ignored(self, leases: FileLeases, tmp_path: Path) -> None:
        (tmp_path / "leases").mkdir()
        (tmp_path / "leases" / "README").touch()
        assert leases.live() == []
        assert (tmp_path / "leases" / "README").exists()

    def test_an_unusable_folder_protects_nothing_and_is_logged_once(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "file").touch()
        leases = FileLeases(tmp_path / "file" / "leases")
        for _ in range(2):
            with leases.begin() as lease:
                lease.restrict_to({})
        assert len([record for record in caplog.records if "not protected" in record.message]) == 1
        with pytest.raises(StoreUnavailable):
            leases.live()


class TestRedis:
    """Each handle represents a process of its own."""

    @pytest.fixture
    def keys(self) -> Keys:
        return Keys(uuid.uuid4().hex)

    def test_processes_see_each_others_leases_immediately(self, valkey: Valkey, keys: Keys) -> None:
        reader, other, vacuum = (redis_leases(valkey, keys) for _ in range(3))
        with other.begin():
            assert len(vacuum.live()) == 1  # has waited until no report can have been lost
            seconds = []
            for _ in range(5):
                lease = reader.begin()
                started = time.monotonic()
                lease.restrict_to({"log": [(1, 2)]})
                assert sorted(str(seen.spans) for seen in vacuum.live()) == ["None", "{'log': ((1, 2),)}"]
                lease.close()
                assert [seen.spans for seen in vacuum.live()] == [None]
                seconds.append(time.monotonic() - started)
            assert min(seconds) < LASTS_SECONDS / 2

    def test_a_lease_does_not_call_the_server(self, valkey: Valkey, keys: Keys) -> None:
        server = RedisServer(valkey.address)
        leases = RedisLeases(server, lambda: keys)
        leases.begin().close()
        with valkey.client() as client:
            client.config_resetstat()
            for _ in range(1000):
                with leases.begin() as lease:
                    lease.restrict_to({})
            calls = client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]
        assert calls <= 2  # those of the publishing thread

    def test_the_leases_of_a_killed_process_expire(self, valkey: Valkey, keys: Keys, tmp_path: Path) -> None:
        ready = tmp_path / "ready"

        def read() -> None:
            lease = redis_leases(valkey, keys).begin()
            lease.restrict_to({"log": [(1, 2)]})
            ready.touch()
            time.sleep(60)

        reader = multiprocessing.get_context("fork").Process(target=read, daemon=True)
        reader.start()
        while not ready.exists():
            time.sleep(0.01)
        leases = redis_leases(valkey, keys)
        assert [lease.spans for lease in leases.live()] == [{"log": ((1, 2),)}]
        assert reader.pid
        os.kill(reader.pid, signal.SIGKILL)
        reader.join()
        started = time.monotonic()
        assert leases.live() == []
        assert time.monotonic() - started < LASTS_SECONDS + 30

    def test_live_does_not_wait_for_a_process_that_has_ended(self, valkey: Valkey, keys: Keys) -> None:
        leases, seconds = redis_leases(valkey, keys), []
        for _ in range(5):
            ending = redis_leases(valkey, keys)
            ending.begin().close()
            leases.live()
            del ending
            gc.collect()
            started = time.monotonic()
            assert leases.live() == []
            seconds.append(time.monotonic() - started)
        assert min(seconds) < LASTS_SECONDS / 2

    def test_a_forked_child_has_leases_of_its_own(self, valkey: Valkey, keys: Keys) -> None:
        leases = redis_leases(valkey, keys)
        lease = leases.begin()
        fork = multiprocessing.get_context("fork")
        begun, end = fork.Event(), fork.Event()

        def child() -> None:
            lease.close()
            with leases.begin() as own:
                own.restrict_to({"child": [(1, 1)]})
                begun.set()
                end.wait(30)

        process = fork.Process(target=child, daemon=True)
        process.start()
        assert begun.wait(10)
        assert sorted(str(seen.spans) for seen in leases.live()) == ["None", "{'child': ((1, 1),)}"]
        end.set()
        process.join()
        lease.close()
        assert leases.live() == []

    def test_after_a_wipe_live_waits_until_all_processes_have_published(self, valkey: Valkey, keys: Keys) -> None:
        reader, vacuum = redis_leases(valkey, keys), redis_leases(valkey, keys)
        with reader.begin() as lease:
            lease.restrict_to({"log": [(1, 2)]})
            assert len(vacuum.live()) == 1
            with valkey.client() as client:
                client.flushall()
            assert [seen.spans for seen in vacuum.live()] == [{"log": ((1, 2),)}]

    def test_without_a_server_nothing_is_protected_and_live_fails(
        self, tmp_path: Path, keys: Keys, caplog: pytest.LogCaptureFixture
    ) -> None:
        server = Valkey(tmp_path)
        leases = redis_leases(server, keys)
        server.kill()
        for _ in range(2):
            leases.begin().close()
        assert len([record for record in caplog.records if "not protected" in record.message]) == 1
        with pytest.raises(StoreUnavailable):
            leases.live()
