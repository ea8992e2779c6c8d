"""The links between the server process and its workers: pipes that carry counts, and that break when one end dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from threading import Condition, Event, Lock, Thread, Timer

from supertable.entrypoints.web.observability.metric_totals import Counts, added_up, without_gauges

_COUNT = "count"
_COUNTED = "counted"
_TOTALS = "totals"
_STARTED = "started"
_ANSWER_SECONDS = 1.0
"""For how long the others wait for the counts of one worker; then they take its last ones."""


class WorkerLink:
    """A worker's end. When the server process dies, the worker stops as on SIGTERM."""

    def __init__(self, pipe: Connection, kill_seconds: float, own_counts: Callable[[], Counts]) -> None:
        """`kill_seconds`: how long stopping may take before the worker kills itself."""
        self._pipe = pipe
        self._kill_seconds = kill_seconds
        self._own_counts = own_counts
        self._sending = Lock()
        self._asking = Lock()
        self._answers: SimpleQueue[Counts] = SimpleQueue()
        Thread(target=self._listen, name="worker-link", daemon=True).start()

    def started(self) -> None:
        """Tell the server that this worker accepts requests."""
        self._send(_STARTED)

    def totals(self) -> Counts | None:
        """The counts of all workers, including those that have ended; None if the server does not answer."""
        with self._asking:
            try:
                self._send(_TOTALS, self._own_counts())
                return self._answers.get(timeout=3 * _ANSWER_SECONDS)
            except (OSError, Empty):
                return None

    def _listen(self) -> None:
        try:
            while True:
                kind, counts = self._pipe.recv()
                if kind == _COUNT:
                    self._send(_COUNTED, self._own_counts())
                else:
                    self._answers.put(counts)
        except (EOFError, OSError):
            killing = Timer(self._kill_seconds, os.kill, (os.getpid(), signal.SIGKILL))
            killing.daemon = True
            killing.start()
            os.kill(os.getpid(), signal.SIGTERM)

    def _send(self, kind: str, counts: Counts | None = None) -> None:
        with self._sending:
            self._pipe.send((kind, counts))


@dataclass(eq=False)
class _Worker:
    """The server's view of one worker."""

    near: Connection
    far: Connection
    counts: Counts = field(default_factory=dict)
    answered: int = 0
    sending: Lock = field(default_factory=Lock)

    def send(self, kind: str, counts: Counts | None = None) -> None:
        with self.sending:
            self.near.send((kind, counts))

    def close(self) -> None:
        self.near.close()
        self.far.close()


class WorkerLinks:
    """The server's ends. `any_started`: whether a worker has ever accepted requests."""

    def __init__(self, server_counts: Callable[[], Counts]) -> None:
        """`server_counts` returns what the server process itself counts."""
        self.any_started = Event()
        self._server_counts = server_counts
        self._workers: dict[int, _Worker] = {}
        self._past: Counts = {}
        self._change = Condition()

    def connect(self, number: int) -> Connection:
        """The worker's end of a new link, which takes the place of the link of the worker's predecessor."""
        self.disconnect(number)
        near, far = Pipe()
        worker = _Worker(near, far)
        with self._change:
            self._workers[number] = worker
        Thread(target=self._listen, args=(worker,), name=f"worker-{number}-link", daemon=True).start()
        return far

    def disconnect(self, number: int) -> None:
        """Keep the counts of a worker that has ended. No-op without a link."""
        with self._change:
            worker = self._workers.pop(number, None)
            if worker is not None:
                self._past = added_up([self._past, without_gauges(worker.counts)])
        if worker is not None:
            worker.close()

    def _listen(self, worker: _Worker) -> None:
        try:
            while True:
                kind, counts = worker.near.recv()
                if kind == _STARTED:
                    self.any_started.set()
                else:
                    self._take(worker, counts)
                if kind == _TOTALS:
                    Thread(target=self._answer, args=(worker,), daemon=True).start()
        except (EOFError, OSError):
            pass  # the worker has ended; `disconnect` keeps its counts

    def _take(self, worker: _Worker, counts: Counts) -> None:
        with self._change:
            worker.counts = counts
            worker.answered += 1
            self._change.notify_all()

    def _answer(self, asking: _Worker) -> None:
        with self._change:
            others = {worker: worker.answered for worker in self._workers.values() if worker is not asking}
        for other in others:
            _try_to_send(other, _COUNT)
        with self._change:
            self._change.wait_for(lambda: all(o.answered > before for o, before in others.items()), _ANSWER_SECONDS)
            parts = [self._past, self._server_counts(), *(worker.counts for worker in self._workers.values())]
            total = added_up(parts)
        _try_to_send(asking, _TOTALS, total)


def _try_to_send(worker: _Worker, kind: str, counts: Counts | None = None) -> None:
    try:
        worker.send(kind, counts)
    except OSError:
        pass  # the worker has ended
