"""`supertable serve` runs services as processes of their own: they start, end and come back together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import die_with_the_parent, free_port
from tests.support.api.http import is_healthy

GROUP = """
import sys
from supertable.entrypoints.cli.service.process_group import ProcessGroup
commands = {f"service {number}": [sys.executable, "-c", body] for number, body in enumerate(sys.argv[1:])}
sys.exit(ProcessGroup(commands, lambda number, lived: 0.1, print, stop_seconds=5).run())
"""
LASTING = "import os, pathlib, time; pathlib.Path({!r}).open('a').write(f'{{os.getpid()}}\\n'); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LASTING


class Group:
    """A group in a process. Each of its services writes its number to its file when it starts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.process: subprocess.Popen[str] | None = None

    def start(self, *bodies: str) -> subprocess.Popen[str]:
        texts = [body.format(str(self._folder / str(number))) for number, body in enumerate(bodies)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", GROUP, *texts], stdout=subprocess.PIPE, text=True, preexec_fn=die_with_the_parent
        )
        return self.process

    def pids(self, service: int, starts: int = 1) -> list[int]:
        """Of the processes of a service so far, once there were so many."""
        deadline = time.monotonic() + 30
        while True:
            path = self._folder / str(service)
            found = [int(line) for line in path.read_text().splitlines()] if path.exists() else []
            if len(found) >= starts:
                return found
            assert time.monotonic() < deadline
            time.sleep(0.02)


def is_over(pid: int) -> bool:
    """Whether the process ends within some seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    made = Group(tmp_path)
    yield made
    if made.process:
        made.process.kill()
        made.process.communicate()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=["term", "int"])
def test_one_signal_ends_all(group: Group, ending: signal.Signals) -> None:
    process = group.start(LASTING, LASTING)
    pids = [*group.pids(0), *group.pids(1)]
    process.send_signal(ending)
    assert process.wait(20) == 0
    assert all(map(is_over, pids))


def test_a_service_that_does_not_stop_is_killed(group: Group) -> None:
    process = group.start(DEAF)
    pids = group.pids(0)
    process.terminate()
    assert process.wait(20) == 0
    assert all(map(is_over, pids))


def test_a_service_that_cannot_start_ends_all_with_its_code(group: Group) -> None:
    process = group.start(LASTING, "import sys; sys.exit(3)")
    assert process.wait(20) == 3
    assert process.stdout is not None
    assert "service 1 could not start, so all services stop." in process.stdout.read()


def test_a_service_that_dies_comes_back(group: Group) -> None:
    group.start(LASTING, LASTING)
    other = group.pids(1)
    os.kill(group.pids(0)[0], signal.SIGKILL)
    group.pids(0, starts=2)
    assert group.pids(1) == other


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells processes of the death of their parent")
def test_services_end_with_a_group_that_is_killed(group: Group) -> None:
    process = group.start(LASTING, LASTING)
    pids = [*group.pids(0), *group.pids(1)]
    process.kill()
    process.wait(20)
    assert all(map(is_over, pids))


def test_serve_starts_every_service_and_one_signal_ends_them(tmp_path: Path) -> None:
    ports = {name: free_port() for name in ("API", "ODATA", "MCP_HTTP", "MCP_TESTER")}
    settings = {f"SUPERTABLE_{name}_PORT": str(port) for name, port in ports.items()}
    command = [str(Path(sys.executable).parent / "supertable"), "--home", str(tmp_path / "home"), "serve"]
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        process = subprocess.Popen(
            command, env={**os.environ, **settings}, stdout=out, stderr=err, preexec_fn=die_with_the_parent
        )
    try:
        deadline = time.monotonic() + 60
        while not all(is_healthy(f"http://127.0.0.1:{port}") for port in ports.values()):
            assert process.poll() is None, (tmp_path / "err").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        told = (tmp_path / "out").read_text()
        assert told.count("first token") == 1, "one first token for all"
        assert all(f"http://127.0.0.1:{port}/" in told for port in ports.values())
        process.terminate()
        assert process.wait(40) == 0
    finally:
        process.kill()
    assert not any(is_healthy(f"http://127.0.0.1:{port}") for port in ports.values())
