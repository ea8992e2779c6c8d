"""Calls at a later moment, by one thread for all of them."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref

import pytest

from supertable.adapters.engines.duckdb.deadlines import Deadlines, call_later

_LONG = 600.0


def test_calls_come_at_their_times_and_cancelled_ones_never() -> None:
    deadlines, called, done = Deadlines(), [], threading.Event()
    began = time.monotonic()
    moments: dict[str, float] = {}

    def note(name: str) -> None:
        moments[name] = time.monotonic() - began
        called.append(name)
        if name == "last":
            done.set()

    deadlines.call_later(_LONG, lambda: note("never"))
    deadlines.call_later(0.4, lambda: note("last"))
    cancel = deadlines.call_later(0.1, lambda: note("cancelled"))
    deadlines.call_later(-1, lambda: note("at once"))
    deadlines.call_later(0.2, lambda: note("between"))
    cancel()
    cancel()
    assert done.wait(30)
    assert called == ["at once", "between", "last"]
    assert moments["between"] >= 0.2
    assert moments["last"] >= 0.4


def test_a_call_that_waits_delays_no_other_and_may_ask_for_more() -> None:
    deadlines, first, third = Deadlines(), threading.Event(), threading.Event()
    deadlines.call_later(0, lambda: first.wait(30))
    deadlines.call_later(0.01, lambda: deadlines.call_later(0.01, third.set))
    assert third.wait(20)
    first.set()


def test_cancelled_calls_are_forgotten() -> None:
    deadlines = Deadlines()

    class Query:
        def stop(self) -> None: ...

    query = Query()
    forgotten = weakref.ref(query)
    cancel = deadlines.call_later(_LONG, query.stop)
    cancel()
    del query
    gc.collect()
    assert forgotten() is None
    for _ in range(5000):
        deadlines.call_later(_LONG, list)()
    assert len(deadlines._waiting) < 200
    assert sum(thread.name == "deadlines" for thread in threading.enumerate()) <= 4  # one for each test here, and one


def test_calls_come_after_a_moment_without_a_thread_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    deadlines, called = Deadlines(), threading.Event()

    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as short_of_threads:
        short_of_threads.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError):
            deadlines.call_later(0, list)
    deadlines.call_later(0, called.set)
    assert called.wait(20)


def test_the_child_of_a_fork_has_a_thread_of_its_own() -> None:
    call_later(_LONG, list)
    child = os.fork()
    if child == 0:
        called = threading.Event()
        call_later(0.01, called.set)
        os._exit(0 if called.wait(20) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
