"""The adapters of the ports that the contract tests cover, and races between threads and between processes.

To add an adapter, add one entry to its port's table below.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, TypeVar
from uuid import uuid4

import pytest

from supertable.adapters.catalogs.memory import InMemoryCatalog
from supertable.adapters.catalogs.sqlite import SqliteCatalog
from supertable.adapters.locks.files import FileLocks
from supertable.adapters.locks.memory import InMemoryLocks
from supertable.adapters.object_stores.cloud.azure import AzureBucket
from supertable.adapters.object_stores.cloud.cloud_store import CloudObjectStore
from supertable.adapters.object_stores.cloud.gcs import GcsBucket
from supertable.adapters.object_stores.cloud.s3 import S3Bucket
from supertable.adapters.object_stores.local.local_store import LocalObjectStore
from supertable.adapters.object_stores.memory import InMemoryObjectStore
from supertable.adapters.redis.catalog import RedisCatalog
from supertable.adapters.redis.client import RedisServer
from supertable.adapters.redis.keys import Keys
from supertable.adapters.redis.locks import RedisLocks
from supertable.application.ports.catalogs import Catalog
from supertable.application.ports.locks import Locks
from supertable.application.ports.object_stores import ObjectStore
from tests.servers.azurite import Azurite
from tests.servers.fake_gcs import FakeGcs
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.valkey import Valkey

Port = TypeVar("Port")
Race = Callable[[int, Callable[[int], Any]], list[Any]]


@dataclass(frozen=True)
class Adapter(Generic[Port]):
    """An implementation of a port, and what it supports.

    `opener(folder, server)` returns a function whose calls open handles on the same data. `server` names the fixture of
    the server that it needs. `shared`: several processes can use the same data. `keeps_empty_folders`: it may list a
    folder for a while after the last object was deleted. `wipe` and `damage` change the data while handles are open;
    None: not applicable.
    """

    opener: Callable[[Path, Any], Callable[[], Port]]
    shared: bool
    server: str | None = None
    keeps_empty_folders: bool = False
    wipe: Callable[[Path, Any], None] | None = None
    damage: Callable[[Path, Any], None] | None = None


def _opener(adapter: Adapter[Port], folder: Path, request: pytest.FixtureRequest) -> Callable[[], Port]:
    return adapter.opener(folder, _server(adapter, request))


def _server(adapter: Adapter[Any], request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(adapter.server) if adapter.server else None


def _always(handle: Port) -> Callable[[], Port]:
    return lambda: handle


def _remove_catalog(folder: Path, _: object) -> None:
    (folder / "catalog.db").unlink(missing_ok=True)


def _damage_catalog(folder: Path, _: object) -> None:
    for suffix in ("-wal", "-shm"):
        (folder / f"catalog.db{suffix}").unlink(missing_ok=True)
    (folder / "damaged").write_bytes(b"no database " * 1000)
    (folder / "damaged").replace(folder / "catalog.db")


def _open_s3(folder: Path, server: SeaweedFS) -> Callable[[], ObjectStore]:
    prefix = f"contract/{uuid4().hex}"
    return lambda: CloudObjectStore(S3Bucket(server.address), prefix, folder / "uploads")


def _keys(folder: Path) -> Keys:
    """The keys of a deployment that only this test uses."""
    return Keys(hashlib.sha256(str(folder).encode()).hexdigest()[:32])


def _open_redis_catalog(folder: Path, server: Valkey) -> Callable[[], Catalog]:
    return lambda: RedisCatalog(RedisServer(server.address), lambda: _keys(folder))


def _open_redis_locks(folder: Path, server: Valkey) -> Callable[[], Locks]:
    return lambda: RedisLocks(RedisServer(server.address), lambda: _keys(folder))


def _wipe_redis(_: Path, server: Valkey) -> None:
    with server.client() as client:
        client.flushall()


def _damage_redis(folder: Path, server: Valkey) -> None:
    with server.client() as client:
        client.set(_keys(folder).heads("a"), "no hash")


def _open_azure(folder: Path, server: Azurite) -> Callable[[], ObjectStore]:
    prefix = f"contract/{uuid4().hex}"
    return lambda: CloudObjectStore(AzureBucket(server.address), prefix, folder / "uploads")


def _open_gcs(folder: Path, server: FakeGcs) -> Callable[[], ObjectStore]:
    prefix = f"contract/{uuid4().hex}"
    return lambda: CloudObjectStore(GcsBucket(server.address), prefix, folder / "uploads")


STORES: dict[str, Adapter[ObjectStore]] = {
    "local": Adapter(lambda folder, _: lambda: LocalObjectStore(folder / "store"), shared=True),
    "memory": Adapter(lambda *_: _always(InMemoryObjectStore()), shared=False),
    "s3": Adapter(_open_s3, shared=True, server="seaweedfs", keeps_empty_folders=True),
    "azure": Adapter(_open_azure, shared=True, server="azurite"),
    "gcs": Adapter(_open_gcs, shared=True, server="fake_gcs"),
}
CATALOGS: dict[str, Adapter[Catalog]] = {
    "sqlite": Adapter(
        lambda folder, _: lambda: SqliteCatalog(folder / "catalog.db"),
        shared=True,
        wipe=_remove_catalog,
        damage=_damage_catalog,
    ),
    "memory": Adapter(lambda *_: _always(InMemoryCatalog()), shared=False),
    "redis": Adapter(_open_redis_catalog, shared=True, server="valkey", wipe=_wipe_redis, damage=_damage_redis),
}
LOCKS: dict[str, Adapter[Locks]] = {
    "files": Adapter(lambda folder, _: lambda: FileLocks(folder / "locks"), shared=True),
    "memory": Adapter(lambda *_: _always(InMemoryLocks()), shared=False),
    "redis": Adapter(_open_redis_locks, shared=True, server="valkey"),
}


def race_of_threads(racers: int, run: Callable[[int], Any]) -> list[Any]:
    """Start `run(0)` … `run(racers - 1)` at the same moment, each in a thread. Returns their results in that order."""
    barrier = threading.Barrier(racers)
    outcomes: list[tuple[bool, Any]] = [(False, "did not run")] * racers

    def racer(number: int) -> None:
        barrier.wait()
        outcomes[number] = _outcome(run, number)

    threads = [threading.Thread(target=racer, args=(number,)) for number in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _results(outcomes)


def race_of_processes(racers: int, run: Callable[[int], Any]) -> list[Any]:
    """As `race_of_threads`, in forked processes, which inherit the handles that the caller has opened."""
    fork = multiprocessing.get_context("fork")
    barrier = fork.Barrier(racers)

    def racer(number: int, sender: Connection) -> None:
        barrier.wait()
        sender.send(_outcome(run, number))

    pipes = [fork.Pipe(duplex=False) for _ in range(racers)]
    processes = [fork.Process(target=racer, args=(n, pipes[n][1]), daemon=True) for n in range(racers)]
    for process in processes:
        process.start()
    outcomes = [receiver.recv() for receiver, _ in pipes]
    for process in processes:
        process.join()
    return _results(outcomes)


def _outcome(run: Callable[[int], Any], number: int) -> tuple[bool, Any]:
    try:
        return True, run(number)
    except BaseException:  # noqa: BLE001 - the parent reports a failed assertion
        return False, traceback.format_exc()


def _results(outcomes: list[tuple[bool, Any]]) -> list[Any]:
    failures = [result for succeeded, result in outcomes if not succeeded]
    assert not failures, "\n".join(failures)
    return [result for _, result in outcomes]


@pytest.fixture(params=STORES)
def store_adapter(request: pytest.FixtureRequest) -> Adapter[ObjectStore]:
    return STORES[request.param]


@pytest.fixture
def open_store(
    store_adapter: Adapter[ObjectStore], tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[], ObjectStore]:
    return _opener(store_adapter, tmp_path, request)


@pytest.fixture
def store_without_empty_folders(store_adapter: Adapter[ObjectStore], store: ObjectStore) -> ObjectStore:
    if store_adapter.keeps_empty_folders:
        pytest.skip("SeaweedFS removes empty folders with a delay")
    return store


@pytest.fixture
def store(open_store: Callable[[], ObjectStore]) -> ObjectStore:
    return open_store()


@pytest.fixture(params=CATALOGS)
def catalog_adapter(request: pytest.FixtureRequest) -> Adapter[Catalog]:
    return CATALOGS[request.param]


@pytest.fixture
def open_catalog(
    catalog_adapter: Adapter[Catalog], tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[], Catalog]:
    return _opener(catalog_adapter, tmp_path, request)


@pytest.fixture
def catalog(open_catalog: Callable[[], Catalog]) -> Catalog:
    return open_catalog()


@pytest.fixture
def wipe_catalog(
    catalog_adapter: Adapter[Catalog], tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[], None]:
    """Makes the catalog lose all data while it is open."""
    wipe = catalog_adapter.wipe
    if wipe is None:
        pytest.skip("cannot be wiped from outside")
    server = _server(catalog_adapter, request)
    return lambda: wipe(tmp_path, server)


@pytest.fixture
def damage_catalog(
    catalog_adapter: Adapter[Catalog], tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[], None]:
    """Makes the catalog's data unreadable while it is open."""
    damage = catalog_adapter.damage
    if damage is None:
        pytest.skip("cannot be damaged from outside")
    server = _server(catalog_adapter, request)
    return lambda: damage(tmp_path, server)


@pytest.fixture(params=LOCKS)
def locks_adapter(request: pytest.FixtureRequest) -> Adapter[Locks]:
    return LOCKS[request.param]


@pytest.fixture
def open_locks(locks_adapter: Adapter[Locks], tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Locks]:
    return _opener(locks_adapter, tmp_path, request)


@pytest.fixture
def locks(open_locks: Callable[[], Locks]) -> Locks:
    return open_locks()


@pytest.fixture(params=["threads", "processes"])
def store_race(request: pytest.FixtureRequest, store_adapter: Adapter[ObjectStore]) -> Race:
    return _race(request.param, store_adapter.shared)


@pytest.fixture(params=["threads", "processes"])
def catalog_race(request: pytest.FixtureRequest, catalog_adapter: Adapter[Catalog]) -> Race:
    return _race(request.param, catalog_adapter.shared)


@pytest.fixture(params=["threads", "processes"])
def locks_race(request: pytest.FixtureRequest, locks_adapter: Adapter[Locks]) -> Race:
    return _race(request.param, locks_adapter.shared)


def _race(between: str, shared: bool) -> Race:
    if between == "threads":
        return race_of_threads
    if not shared:
        pytest.skip("not shared between processes")
    return race_of_processes


@pytest.fixture
def forked(locks_adapter: Adapter[Locks]) -> Iterator[Callable[[Callable[[], None]], int]]:
    """Starts a function in a forked process and returns the process id. Kills the processes after the test."""
    if not locks_adapter.shared:
        pytest.skip("not shared between processes")
    fork = multiprocessing.get_context("fork")
    started = []

    def start(run: Callable[[], None]) -> int:
        process = fork.Process(target=run, daemon=True)
        process.start()
        started.append(process)
        assert process.pid is not None
        return process.pid

    yield start
    for process in started:
        process.kill()
        process.join()
