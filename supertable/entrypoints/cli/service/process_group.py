"""Several services on one machine: each is a process of its own, they share one log, and they end together."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_PR_SET_PDEATHSIG = 1
_START_SECONDS = 15.0
"""A service that ends so soon after its first start cannot run here: its address is in use, or a setting is wrong."""
_LOOK_SECONDS = 0.2


@dataclass(slots=True)
class _Service:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes]
    started_at: float
    has_run: bool = False
    due_at: float | None = field(default=None)
    """When it is started again; None: it runs."""


class ProcessGroup:
    """Runs commands until SIGTERM, SIGINT, or until one of them cannot start.

    A process that ends by itself is started again, after a longer wait each time. If this process is killed, Linux ends
    the others too.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        wait_after: Callable[[int, float], float],
        tell: Callable[[str], None],
        stop_seconds: float,
    ) -> None:
        """`commands`: by the name of the service. `wait_after`: the seconds until a process is started again, by its
        number and the seconds that it lived. `stop_seconds`: what the processes have to end; then they are killed."""
        self._commands = commands
        self._wait_after = wait_after
        self._tell = tell
        self._stop_seconds = stop_seconds
        self._stopping = threading.Event()

    def run(self) -> int:
        """The exit code: 0 after a signal, else that of the process that could not start."""
        for ending in (signal.SIGTERM, signal.SIGINT):
            signal.signal(ending, lambda *_: self._stopping.set())
        services: list[_Service] = []
        try:
            for name, command in self._commands.items():
                services.append(_Service(name, command, _started(command), time.monotonic()))
            return self._watched(services)
        finally:
            self._stop(services)

    def _watched(self, services: Sequence[_Service]) -> int:
        while not self._stopping.wait(_LOOK_SECONDS):
            for number, service in enumerate(services):
                code = self._looked_after(number, service)
                if code is not None:
                    return code
        return 0

    def _looked_after(self, number: int, service: _Service) -> int | None:
        """Starts it again where it is due. The exit code of the whole where it can never run; None: go on."""
        now = time.monotonic()
        if service.due_at is not None:
            if now >= service.due_at:
                service.process, service.started_at, service.due_at = _started(service.command), now, None
            return None
        code, lived = service.process.poll(), now - service.started_at
        if code is None:
            service.has_run = service.has_run or lived > _START_SECONDS
            return None
        if code > 0 and not service.has_run:
            self._tell(f"{service.name} could not start, so all services stop.")
            return code
        wait = self._wait_after(number, lived)
        service.due_at = now + wait
        self._tell(f"{service.name} ended with {code} and is started again in {wait:g} s.")
        return None

    def _stop(self, services: Sequence[_Service]) -> None:
        for service in services:
            if service.process.poll() is None:
                service.process.terminate()
        deadline = time.monotonic() + self._stop_seconds
        for service in services:
            try:
                service.process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                service.process.kill()
                service.process.wait()


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_end_with_the_parent)  # noqa: S603


def _end_with_the_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
