"""The Spark server that `supertable demo --spark` starts where none is configured, with programs in Spark's place."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from supertable.domain.errors import Unavailable
from supertable.entrypoints.cli.service.spark_server import SparkServer
from supertable.entrypoints.cli.terminal import exit_codes
from tests.support.command_line import Cli
from tests.support.processes import children_with

LISTENS = """
import socket, sys
port = next(part.rpartition("=")[2] for part in sys.argv if part.startswith("spark.hive.server2.thrift.port="))
server = socket.create_server(("127.0.0.1", int(port)))
while True:
    server.accept()
"""
FAILS = "print('it has no memory')"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of programs, with a `java`. Packages are not found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder / "java", "")
    for name in ("SPARK_HOME", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pyspark", None)
    return folder


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o700)


@pytest.mark.parametrize("place", ["path", "home"])
def test_it_starts_and_leaves_nothing(place: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "spark"
    program((path if place == "path" else home / "bin") / "spark-submit", LISTENS)
    monkeypatch.setenv("SPARK_HOME", str(home))
    server = SparkServer()
    server.wait()
    port = server.address.rpartition(":")[2]
    assert len(children_with(f"thrift.port={port}", os.getpid())) == 1
    server.stop()
    server.stop()
    assert not children_with(f"thrift.port={port}", os.getpid())
    assert not list(Path(tmp_path).glob("supertable-spark-*"))


def test_it_says_why_it_does_not_start(path: Path) -> None:
    program(path / "spark-submit", FAILS)
    server = SparkServer()
    with pytest.raises(Unavailable, match="did not start: it has no memory"):
        server.wait()
    server.stop()


@pytest.mark.parametrize(("missing", "told"), [("java", "Spark needs Java 17 or newer"), ("spark", "Spark 4.3 is not")])
def test_what_is_missing_is_told_before_anything_runs(missing: str, told: str, path: Path, cli: Cli) -> None:
    if missing == "java":
        (path / "java").unlink()
    found = cli("demo", "--spark")
    assert found.code == exit_codes.WRONG_INPUT
    assert told in found.err
    assert "SUPERTABLE_SPARK_CLUSTERS" in found.err
    assert found.out == ""
