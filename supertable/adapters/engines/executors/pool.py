"""The executors of one service process: some are ready at any time, more start when needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Protocol

from supertable.adapters.engines.executors import nursery
from supertable.adapters.engines.executors.executor import Executor
from supertable.adapters.engines.executors.messages.frames import Lost, receive_bytes
from supertable.adapters.engines.executors.messages.requests import ExecutorLimits, InstanceOptions
from supertable.adapters.engines.executors.messages.ring import Ring
from supertable.domain.errors import Busy

_ENVIRONMENT = (
    "PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "LD_LIBRARY_PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
_ATTEMPTS = 3
_KEPT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Ready:
    """An idle executor, since when it is idle."""

    executor: Executor
    since: float


class Watch(Protocol):
    """What is told of executors, for metrics."""

    def started(self) -> None: ...

    def killed(self, reason: str) -> None: ...

    def waited(self, seconds: float) -> None: ...


class Unwatched:
    def started(self) -> None: ...

    def killed(self, reason: str) -> None: ...

    def waited(self, seconds: float) -> None: ...


class ExecutorPool:
    """Keeps `count` executors ready, and more for a while after they were needed. Thread-safe.

    `options` is called for each new executor. `module` has what they refer to; it is loaded before any is forked.
    """

    def __init__(self, count: int, options: Callable[[], InstanceOptions], module: str, limits: ExecutorLimits) -> None:
        self.limits = limits
        self.watch: Watch = Unwatched()
        self._count = count
        self._options = options
        self._module = module
        self._ready: list[_Ready] = []  # the last one given back is taken first
        self._used: set[Executor] = set()
        self._nursery: _Nursery | None = None
        self._lock = threading.Lock()
        self._forking = threading.Lock()
        self._closed = False

    def fill(self) -> None:
        """Start executors until `count` are ready."""
        while len(self._ready) < self._count and not self._closed:
            self._keep(self._started())

    def take(self, fresh: bool = False) -> Executor:
        """An executor for one request; `fresh`: one that starts now. Raises `Busy` if none can be started."""
        executor = (None if fresh else self._ready_one()) or self._started()
        with self._lock:
            self._used.add(executor)
            if self._closed:
                executor.kill()
        return executor

    def give_back(self, executor: Executor, reason: str) -> None:
        """End the use of an executor, whose request is `done` or `failed`; else it is killed for a reason."""
        with self._lock:
            self._used.discard(executor)
        ended_well = reason in ("done", "failed")
        if ended_well and executor.serves_again:
            self._keep(executor)
            return
        executor.remove()
        if not ended_well:
            self.watch.killed(reason)
        self._refill()

    def close(self) -> None:
        """Kill all executors. Running statements fail."""
        with self._lock:
            self._closed = True
            ready, self._ready = self._ready, []
            for executor in self._used:
                executor.kill()
        for idle in ready:
            idle.executor.remove()
        with self._forking:
            if self._nursery is not None:
                self._nursery.close()

    def _ready_one(self) -> Executor | None:
        """The executor that was used last; None if none is ready."""
        while True:
            with self._lock:
                if not self._ready:
                    return None
                executor = self._ready.pop().executor
            if not executor.ended:
                return executor
            executor.remove()

    def _keep(self, executor: Executor) -> None:
        now = time.monotonic()
        with self._lock:
            self._ready.append(_Ready(executor, now))
            extra = self._ready[: -self._count] if self._count and not self._closed else list(self._ready)
            too_many = [idle for idle in extra if self._closed or now - idle.since > _KEPT_SECONDS]
            self._ready = [idle for idle in self._ready if idle not in too_many]
        for idle in too_many:
            idle.executor.remove()

    def _refill(self) -> None:
        """Replace a killed executor in the background, so that nobody waits for it."""
        if not self._closed:
            threading.Thread(target=self._fill_quietly, daemon=True, name="executors").start()

    def _fill_quietly(self) -> None:
        with suppress(Busy):
            self.fill()

    def _started(self) -> Executor:
        options = self._options()
        for _ in range(_ATTEMPTS):
            try:
                executor = self._fork(options)
                executor.await_ready()
            except (Lost, OSError):
                continue
            self.watch.started()
            return executor
        raise Busy("No process could be started for the query. It was not started; it is safe to try again.")

    def _fork(self, options: InstanceOptions) -> Executor:
        with ExitStack() as if_it_fails:
            ring = Ring.create()
            if_it_fails.callback(ring.close)
            ours, theirs = socket.socketpair()
            if_it_fails.callback(ours.close)
            with theirs:
                number = self._forked(theirs, ring)
            executor = Executor(number, ours, ring, options, self.limits)
            if_it_fails.pop_all()
            return executor

    def _forked(self, end: socket.socket, ring: Ring) -> int:
        with self._forking:
            if self._closed:
                raise Lost
            if self._nursery is None:
                self._nursery = _Nursery(self._module)
            try:
                return self._nursery.fork(end, ring)
            except (Lost, OSError):
                self._nursery.close()  # the next attempt starts another
                self._nursery = None
                raise


class _Nursery:
    """The process that forks executors. Its environment has no settings, and so no secrets."""

    def __init__(self, module: str) -> None:
        self._control, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
                [sys.executable, "-c", f"from {nursery.__name__} import main; main()", str(theirs.fileno()), module],
                pass_fds=[theirs.fileno()],
                env=environment | {"OPENBLAS_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C ends the service, which then ends this process
            )
        self._number()

    def fork(self, end: socket.socket, ring: Ring) -> int:
        """The number of a new executor, which has this end of a socket, and the ring."""
        socket.send_fds(self._control, [b"+"], [end.fileno(), *ring.descriptors])
        return self._number()

    def close(self) -> None:
        """End the process, and with it all executors."""
        self._control.close()
        self._process.kill()
        self._process.wait()

    def _number(self) -> int:
        found: tuple[int] = nursery.NUMBER.unpack(receive_bytes(self._control, nursery.NUMBER.size))
        return found[0]
