"""Ctrl-C while DuckDB runs a query.

DuckDB checks for signals only between tasks in the calling thread; while its other threads work, it waits for them
without a check. So the main thread, which alone receives signals, calls DuckDB in another thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")
_LOOK_SECONDS = 1.0
_GRACE_SECONDS = 10.0


def interruptible(stop: Callable[[], None], work: Callable[[], Result]) -> Result:
    """Returns or raises what `work` does. An exception in the main thread (`KeyboardInterrupt`) calls `stop`."""
    if threading.current_thread() is not threading.main_thread():
        return work()
    call = _Call(work)
    _Caller.current().calls.put(call)
    try:
        while not call.done.acquire(timeout=_LOOK_SECONDS):
            pass  # a signal that another thread took does not end the wait, but is handled here
    except BaseException:
        _Caller.forget()
        stop()
        call.done.acquire(timeout=_GRACE_SECONDS)
        raise
    return call.outcome()


class _Caller(threading.Thread):
    """The thread that makes the main thread's calls, one after the other. After an interrupt, the next call gets a new
    one, since the interrupted call may not end soon."""

    _current: _Caller | None = None

    def __init__(self) -> None:
        super().__init__(daemon=True, name="duckdb-calls")
        self.calls: SimpleQueue[_Call[Any] | None] = SimpleQueue()

    @classmethod
    def current(cls) -> _Caller:
        """Only the main thread calls this. In the child of a fork, no thread of its parent is alive."""
        if cls._current is None or not cls._current.is_alive():
            cls._current = cls()
            cls._current.start()
        return cls._current

    @classmethod
    def forget(cls) -> None:
        """Let the thread end after its call."""
        if cls._current is not None:
            cls._current.calls.put(None)
        cls._current = None

    def run(self) -> None:
        while (call := self.calls.get()) is not None:
            call.run()
            del call  # else it would live, with a cursor, until the next


@dataclass(slots=True)
class _Call(Generic[Result]):
    """`done` is released when the call has ended."""

    work: Callable[[], Result]
    done: threading.Lock = field(default_factory=threading.Lock)
    results: list[Result] = field(default_factory=list)
    error: BaseException | None = None

    def __post_init__(self) -> None:
        self.done.acquire()

    def run(self) -> None:
        try:
            self.results.append(self.work())
        except BaseException as error:  # noqa: BLE001 - raised again in the waiting thread
            self.error = error
        finally:
            self.done.release()

    def outcome(self) -> Result:
        error, self.error = self.error, None  # else the error would keep its traceback and the cursor alive
        if error is not None:
            raise error
        return self.results.pop()
