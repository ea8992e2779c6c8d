"""A server in a process of its own, which ends when the tests do, killed or not."""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

_SET_PARENT_DEATH_SIGNAL = 1
_LIBC = ctypes.CDLL(None)


class ServerProcess:
    """Runs `command` at once, its output in `folder/output`. `stop` ends it; so does the end of this process."""

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
                preexec_fn=_die_with_the_parent,
            )

    def __getstate__(self) -> dict[str, Path]:
        """A copy in another process can read the output, but not end the server."""
        return {"output": self.output}

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], seconds: float = 30) -> None:
        """Returns once `ready()`; fails with the server's output when it ends first or is too slow."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"{self._process.args!r} did not start: {self.output.read_text(errors='replace')}")
            time.sleep(0.02)

    def stop(self, patience_seconds: float = 5) -> None:
        """End it: politely, then by force. No-op when it has ended."""
        self._process.terminate()
        try:
            self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """As a crash would."""
        self._process.kill()
        self._process.wait()


def free_port(below: int = 65_536) -> int:
    """A port of 127.0.0.1 that nobody used a moment ago."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < below:
            return port


def answers(port: int) -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _die_with_the_parent() -> None:
    _LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
