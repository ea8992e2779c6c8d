"""A Thrift server of Spark on this machine, for the demo."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from supertable.domain.errors import InvalidInput, Unavailable

_START_SECONDS, _STOP_SECONDS = 240.0, 15.0
_CLASS = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
_OTHERWISE = "Or name a server that runs by SUPERTABLE_SPARK_CLUSTERS (see docs/engines.md). Nothing was run."


class SparkServer:
    """Starts when it is constructed, and ends with `stop`. It reads the files of this machine, and listens on it only.

    `address`: for `SUPERTABLE_SPARK_CLUSTERS`.
    """

    def __init__(self) -> None:
        """Raises `InvalidInput` where Java or Spark is not installed."""
        submit = _spark_submit()
        port = _free_port()
        self.address = f"thrift://127.0.0.1:{port}"
        self._port = port
        self._folder = Path(tempfile.mkdtemp(prefix="supertable-spark-"))
        self._output = self._folder / "output"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own Spark
                thrift_command(submit, self._folder, port),
                cwd=self._folder,
                env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_LOCAL_DIRS": str(self._folder), "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait(self, seconds: float = _START_SECONDS) -> None:
        """Until it accepts connections. Raises `Unavailable` if it ends, or takes longer."""
        deadline = time.monotonic() + seconds
        while not _accepts(self._port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                told = self._output.read_text(errors="replace").strip().splitlines() or ["it told nothing"]
                raise Unavailable(f"Spark's Thrift server did not start: {told[-1]:.300}")
            time.sleep(0.1)

    def stop(self) -> None:
        """No-op the second time."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


def thrift_command(submit: Path, folder: Path, port: int, *settings: str) -> list[str]:
    """The command of a server whose tables are in its memory, and whose files are in `folder`. `settings`: of Spark, as
    `name=value`."""
    given = (
        "spark.ui.enabled=false",
        "spark.sql.catalogImplementation=in-memory",
        f"spark.sql.warehouse.dir={folder / 'warehouse'}",
        "spark.sql.shuffle.partitions=2",
        "spark.hive.server2.thrift.bind.host=127.0.0.1",
        f"spark.hive.server2.thrift.port={port}",
        f"spark.hive.exec.scratchdir={folder / 'scratch'}",
        f"spark.hive.exec.local.scratchdir={folder / 'scratch'}",
        *settings,
    )
    options = [part for setting in given for part in ("--conf", setting)]
    return [str(submit), "--class", _CLASS, "--master", "local[2]", "--driver-memory", "1g", *options, "spark-internal"]


def _spark_submit() -> Path:
    """Of SPARK_HOME, of the package pyspark, or in PATH. Raises `InvalidInput`."""
    java_home = os.environ.get("JAVA_HOME")
    if not shutil.which("java") and not (java_home and shutil.which(str(Path(java_home) / "bin" / "java"))):
        raise InvalidInput(f"Spark needs Java 17 or newer, which is not installed here. Install it. {_OTHERWISE}")
    spec = find_spec("pyspark")
    homes = [os.environ.get("SPARK_HOME"), str(Path(spec.origin).parent) if spec and spec.origin else None]
    found = next((path for home in homes if home and (path := Path(home) / "bin" / "spark-submit").is_file()), None)
    in_path = shutil.which("spark-submit")
    if found is None and in_path is None:
        raise InvalidInput(
            f"Spark 4.3 is not installed here. Install it (pip install pyspark), or name its folder by SPARK_HOME. "
            f"{_OTHERWISE}"
        )
    return found or Path(str(in_path))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
