"""Ctrl-C while DuckDB runs a query.

DuckDB checks for signals only between tasks in the calling thread; while its other threads work, it waits for them
without a check. So the main thread, which alone receives signals, calls DuckDB in another thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Result = TypeVar("Result")
_GRACE_SECONDS = 10.0


def interruptible(stop: Callable[[], None], work: Callable[[], Result]) -> Result:
    """Returns or raises what `work` does. An exception in the main thread (`KeyboardInterrupt`) calls `stop`."""
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
        except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
            self.error = error
        finally:
            self.done.set()

    def outcome(self) -> Result:
        error, self.error = self.error, None  # else the error would keep its traceback and the cursor alive
        if error is not None:
            raise error
        return self.results.pop()
