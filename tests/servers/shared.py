"""Servers of object stores, and Spark, that all processes of one test run share.

Each server starts when a test first needs it, once, in the process that runs pytest; pytest-xdist's workers ask that
process for it. Tests must not stop these servers or delete what others put there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.managers import BaseManager
from pathlib import Path

from tests.servers.azurite import Azurite
from tests.servers.fake_gcs import FakeGcs
from tests.servers.seaweedfs import SeaweedFS
from tests.servers.spark_thrift import SparkThrift

Server = SeaweedFS | Azurite | FakeGcs | SparkThrift
_ADDRESS = "TEST_SERVERS"
_KEY = b"test servers"


class SharedServers:
    """Starts servers on request. `get` may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, Server] = {}
        self._starter = ThreadPoolExecutor(1)  # servers die with the thread that started them

    def get(self, name: str) -> Server:
        """The server of that name, running, with the bucket or container that tests share."""
        return self._starter.submit(self._get, name).result()

    def stop(self) -> None:
        for server in self._running.values():
            server.stop()
        self._starter.shutdown()

    def _get(self, name: str) -> Server:
        if name not in self._running:
            self._running[name] = _STARTS[name](self._folder / name)
        return self._running[name]


class SharedServersProcess:
    """The servers of this run, and a socket where its other processes ask for them. `stop` ends both."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="supertable-servers-"))
        self.servers = SharedServers(self._folder)
        _Manager.register("servers", lambda: self.servers)
        server = _Manager(authkey=_KEY).get_server()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.environ[_ADDRESS] = str(server.address)

    def stop(self) -> None:
        self.servers.stop()
        os.environ.pop(_ADDRESS)
        shutil.rmtree(self._folder, ignore_errors=True)


def shared_server(name: str) -> Server:
    """A server of this run: seaweedfs, azurite, fake_gcs or spark."""
    manager = _Client(os.environ[_ADDRESS], _KEY)
    manager.connect()
    found: Server = manager.servers().get(name)  # type: ignore[attr-defined]
    return found


class _Manager(BaseManager):
    pass


class _Client(BaseManager):
    pass


_Client.register("servers")


def _azurite(folder: Path) -> Azurite:
    server = Azurite(folder)
    server.create_container("supertable")
    return server


def _fake_gcs(folder: Path) -> FakeGcs:
    server = FakeGcs(folder)
    server.create_bucket("supertable")
    return server


_STARTS: dict[str, Callable[[Path], Server]] = {
    "seaweedfs": SeaweedFS,
    "azurite": _azurite,
    "fake_gcs": _fake_gcs,
    "spark": SparkThrift,
}
