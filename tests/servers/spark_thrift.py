"""Spark's Thrift server (the protocol of HiveServer2), from the virtual environment `.venv-spark`.

`python -m tests.servers.spark_thrift COMMAND` runs a command with a lake's settings for it.

Spark itself is no package of `.venv`: it is large, and only this server needs it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.servers.process import ServerProcess, answers, free_port

VENV = Path(__file__).parents[2] / ".venv-spark"
_CLASS = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
_START_SECONDS = 240
_STOP_SECONDS = 15


class SparkThrift:
    """Starts when constructed, and reads files of this machine. Its tables are in its memory, and end with it."""

    def __init__(self, folder: Path, *settings: str) -> None:
        """`settings`: of Spark, as `name=value`."""
        self.folder = folder
        self.port = free_port()
        self._settings = settings
        self.process = self._start()

    def __getstate__(self) -> dict[str, object]:
        return {"folder": self.folder, "port": self.port, "process": self.process, "_settings": self._settings}

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a lake whose SPARK is this server."""
        return {"SUPERTABLE_SPARK_CLUSTERS": f"thrift://127.0.0.1:{self.port}"}

    def restart(self) -> None:
        """Start again after `kill` or `stop`, on the same port."""
        self.process = self._start()

    def kill(self) -> None:
        self.process.kill()

    def stop(self) -> None:
        self.process.stop(_STOP_SECONDS)

    def _start(self) -> ServerProcess:
        process = ServerProcess(self._command(), self.folder, self._environment())
        process.wait_until(lambda: answers(self.port), _START_SECONDS)
        return process

    def _command(self) -> list[str]:
        submit = next(VENV.glob("lib/python3*/site-packages/pyspark/bin/spark-submit"), None)
        assert submit is not None, f"{VENV} has no Spark. `make setup` installs it."
        settings = (
            "spark.ui.enabled=false",
            "spark.sql.catalogImplementation=in-memory",
            f"spark.sql.warehouse.dir={self.folder / 'warehouse'}",
            "spark.sql.shuffle.partitions=2",
            "spark.hive.server2.thrift.bind.host=127.0.0.1",
            f"spark.hive.server2.thrift.port={self.port}",
            f"spark.hive.exec.scratchdir={self.folder / 'scratch'}",
            f"spark.hive.exec.local.scratchdir={self.folder / 'scratch'}",
            *self._settings,
        )
        options = [part for setting in settings for part in ("--conf", setting)]
        memory = ["--master", "local[2]", "--driver-memory", "1g"]
        return ["nice", str(submit), "--class", _CLASS, *memory, *options, "spark-internal"]

    def _environment(self) -> dict[str, str]:
        names = ("PATH", "HOME", "JAVA_HOME", "LANG")
        found = {name: os.environ[name] for name in names if name in os.environ}
        return {**found, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(self.folder), "TZ": "UTC"}


def _main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="supertable-spark-") as folder:
        server = SparkThrift(Path(folder))
        try:
            return subprocess.run(command, env={**os.environ, **server.environment}, check=False).returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
