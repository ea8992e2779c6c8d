"""Spark's Thrift server (the protocol of HiveServer2), from the virtual environment `.venv-spark`.

Spark itself is no package of `.venv`: it is large, and only this server needs it.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from supertable.entrypoints.cli.service.spark_server import thrift_command
from tests.servers.ldap import Ldap
from tests.servers.process import ServerProcess, answers, free_port

VENV = Path(__file__).parents[2] / ".venv-spark"
USER, PASSWORD = "tess", "p@ss/w:rd?%&#"
_PEOPLE = {USER: PASSWORD, "supertable": "any", "test": "x"}  # the others: what clients send without a password
_START_SECONDS = 240
_STOP_SECONDS = 15


class SparkThrift:
    """Starts when constructed, and reads files of this machine. Its tables are in its memory, and end with it.

    It asks a directory for passwords.
    """

    def __init__(self, folder: Path, *settings: str) -> None:
        """`settings`: of Spark, as `name=value`."""
        self.folder = folder
        self.port = free_port()
        self._directory = Ldap(_PEOPLE)
        self._settings = (
            "spark.hive.server2.authentication=LDAP",
            f"spark.driver.extraJavaOptions=-Dhive.server2.authentication.ldap.url={self._directory.url}",
            *settings,
        )
        self.process = self._start()

    def __getstate__(self) -> dict[str, object]:
        return {"folder": self.folder, "port": self.port, "process": self.process, "_settings": self._settings}

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a lake whose SPARK is this server."""
        return {
            "SUPERTABLE_SPARK_CLUSTERS": f"thrift://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}?auth=LDAP"
        }

    def restart(self) -> None:
        """Start again after `kill` or `stop`, on the same port."""
        self.process = self._start()

    def kill(self) -> None:
        self.process.kill()

    def stop(self) -> None:
        self.process.stop(_STOP_SECONDS)
        self._directory.stop()

    def _start(self) -> ServerProcess:
        process = ServerProcess(self._command(), self.folder, self._environment())
        process.wait_until(lambda: answers(self.port), _START_SECONDS)
        return process

    def _command(self) -> list[str]:
        submit = next(VENV.glob("lib/python3*/site-packages/pyspark/bin/spark-submit"), None)
        assert submit is not None, f"{VENV} has no Spark. `make setup` installs it."
        return ["nice", *thrift_command(submit, self.folder, self.port, *self._settings)]

    def _environment(self) -> dict[str, str]:
        names = ("PATH", "HOME", "JAVA_HOME", "LANG")
        found = {name: os.environ[name] for name in names if name in os.environ}
        return {**found, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(self.folder), "TZ": "UTC"}
