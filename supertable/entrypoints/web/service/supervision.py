"""The server process: it restarts workers that died, each after a longer wait, and never ends healthy ones."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from granian import Granian

from supertable.entrypoints.web.observability.metric_totals import Counts, Family
from supertable.entrypoints.web.service.worker_links import WorkerLinks

_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
_STEADY_SECONDS = 60.0
"""A worker that lived for so long is restarted as if it had never died before."""
_RESTARTS: Family = ("supertable_worker_restarts", "counter", "Workers that died and were restarted.")
_FUTILE_DEATHS = 3
"""So many deaths per worker end a service of which no worker has ever accepted requests."""


class RestartWaits:
    """How long the server waits before it restarts a worker: half a second, doubled by each early death, up to 30 s."""

    def __init__(self) -> None:
        self._early_deaths: dict[int, int] = {}

    def after(self, worker: int, lived_seconds: float) -> float:
        """The wait in seconds after the worker's death."""
        before = 0 if lived_seconds >= _STEADY_SECONDS else self._early_deaths.get(worker, 0)
        self._early_deaths[worker] = before + 1
        return float(min(_FIRST_WAIT_SECONDS * 2**before, _LONGEST_WAIT_SECONDS))


class SupervisedServer(Granian):  # type: ignore[misc, valid-type]  # a class of one of two kinds, by the interpreter
    """Granian ends a service when one worker dies twice within 5.5 s. This server restarts that worker instead."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._links = WorkerLinks(self._counts)
        self._restarts: Counter[str] = Counter()
        self._log = structlog.get_logger("supertable.server")
        self._waits = RestartWaits()
        self._due: dict[int, float] = {}

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Callable[..., Any]) -> Any:
        loader = partial(callback_loader, self._links.connect(idx))
        return super()._spawn_worker(idx, target, loader)

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        while not self.interrupt_signal and not self._is_futile():
            self.main_loop_interrupt.wait(self._seconds_to_the_next_restart())
            self.main_loop_interrupt.clear()
            while self.interrupt_children and not self.interrupt_signal:
                self._note_death(self.interrupt_children.pop())
            if self.reload_signal:
                self._due.clear()
                self._reload(spawn_target, target_loader)
            elif not self.interrupt_signal:
                self._respawn_workers(self._take_due(), spawn_target, target_loader)

    def _note_death(self, idx: int) -> None:
        worker = self.wrks[idx]
        reason = _reason(worker.inner.exitcode)
        wait = self._waits.after(idx, time.monotonic() - worker.birth)
        self._links.disconnect(idx)
        self._restarts[reason] += 1
        self._due[idx] = time.monotonic() + wait
        self._log.error("a worker died; it is restarted", worker=idx + 1, reason=reason, wait_seconds=wait)

    def _counts(self) -> Counts:
        restarts = self._restarts.copy()
        return {_RESTARTS: {(f"{_RESTARTS[0]}_total", (("reason", why),)): float(n) for why, n in restarts.items()}}

    def _take_due(self) -> list[int]:
        now = time.monotonic()
        due = [idx for idx, at in self._due.items() if at <= now]
        for idx in due:
            del self._due[idx]
        return due

    def _seconds_to_the_next_restart(self) -> float | None:
        if not self._due:
            return None
        return max(min(self._due.values()) - time.monotonic(), 0.0)

    def _is_futile(self) -> bool:
        futile = not self._links.any_started.is_set() and self._restarts.total() >= _FUTILE_DEATHS * self.workers
        if futile:
            self._log.error("no worker can start; the service ends", deaths=self._restarts.total())
            self.interrupt_children.append(0)  # the exit code becomes 1
        return futile


def _reason(exit_code: int | None) -> str:
    """How a process ended: `SIGSEGV`, `exit 1`."""
    if exit_code is None or exit_code >= 0:
        return f"exit {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"
