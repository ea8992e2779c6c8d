"""Ctrl-C while DuckDB works.

DuckDB looks for signals only between tasks that it runs in the calling thread; while another of its threads has the
work, it waits for as long as that takes. So the main thread, which alone gets signals, lets another one call DuckDB.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Result = TypeVar("Result")
_GRACE_SECONDS = 10.0


def interruptible(stop: Callable[[], None], work: Callable[[], Result]) -> Result:
    """What `work` returns or raises. An exception in the main thread (`KeyboardInterrupt`) calls `stop`."""
    if threading.current_thread() is not threading.main_thread():
        return work()
    call = _Call(work)
    threading.Thread(target=call.run, daemon=True, name="duckdb-call").start()
    try:
        call.done.wait()
    except BaseException:
        stop()
        call.done.wait(_GRACE_SECONDS)
        raise
    return call.outcome()


@dataclass(slots=True)
class _Call(Generic[Result]):
    work: Callable[[], Result]
    done: threading.Event = field(default_factory=threading.Event)
    results: list[Result] = field(default_factory=list)
    error: BaseException | None = None

    def run(self) -> None:
        try:
            self.results.append(self.work())
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            self.error = error
        finally:
            self.done.set()

    def outcome(self) -> Result:
        error, self.error = self.error, None  # else it would hold its own traceback, and that the cursor
        if error is not None:
            raise error
        return self.results.pop()
