"""A server in a process of its own, which ends with the tests, even if they are killed."""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil  # type: ignore[import-untyped]

_SET_PARENT_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None)


class ServerProcess:
    """Runs `command` immediately, with its output in `folder/output`. Ends by `stop`, or with this process."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_the_parent,
            )

    def __getstate__(self) -> dict[str, Path]:
        """A pickled copy can read the output, but not end the server."""
        return {"output": self.output}

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], seconds: float = 90) -> None:
        """Wait until `ready()`. Fails with the server's output if the server ends or is not ready in time."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"{self._process.args!r} did not start: {self.output.read_text(errors='replace')}")
            time.sleep(0.02)

    def stop(self, timeout_seconds: float = 5) -> None:
        """Terminate the server, and kill it after the timeout. No-op if it has ended."""
        self._process.terminate()
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server and its workers at once, without notice, as a loss of power does."""
        workers = psutil.Process(self.pid).children(recursive=True) if self._process.poll() is None else []
        for worker in workers:
            worker.suspend()  # so that none sees the end of the server
        self._process.kill()
        self._process.wait()
        for worker in workers:
            worker.kill()


def free_port(below: int = 65_536) -> int:
    """A port of 127.0.0.1 that was free a moment ago."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < below:
            return port


def answers(port: int) -> bool:
    """Whether a server accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_alive(pid: int) -> bool:
    """Whether the process runs: those that ended may wait for their parents to notice."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def die_with_the_parent() -> None:
    """The `preexec_fn` of a process that ends with this one, also if a test fails before it stops the process."""
    _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
