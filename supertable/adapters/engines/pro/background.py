"""Work in the background, in one thread, which exists only while there is work."""

from __future__ import annotations

import atexit
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from supertable.adapters.engines.pro.task import Task

Job = Callable[[Task], None]


class Background:
    """Does one job after the other. `close` interrupts the one that runs; the rest are dropped."""

    def __init__(self) -> None:
        self._jobs: OrderedDict[Hashable, Job] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._task = Task(self._closed.is_set)
        atexit.register(self.close)  # when Python ends, nothing may still call back into it

    def add(self, key: Hashable, job: Job) -> None:
        """Adds a job, which must not raise, in the place of one with this key that waits."""
        with self._lock:
            if self._closed.is_set():
                return
            self._jobs[key] = job
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="pro-generations")
                self._thread.start()

    @property
    def idle(self) -> bool:
        return self._thread is None

    def settle(self) -> None:
        """Waits until there is no work."""
        while (thread := self._thread) is not None:
            thread.join()

    def close(self) -> None:
        atexit.unregister(self.close)
        self._closed.set()
        while (thread := self._thread) is not None and thread.is_alive():
            self._task.interrupt()
            thread.join(0.05)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._jobs or self._closed.is_set():
                    self._jobs.clear()
                    self._thread = None
                    return
                _, job = self._jobs.popitem(last=False)
            job(self._task)
