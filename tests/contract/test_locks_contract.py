"""The contract of locks. Runs once for each adapter."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from supertable.application.ports.locks import Locks

Race = Callable[[int, Callable[[int], Any]], list[Any]]


def test_a_free_lock_is_acquired_immediately(locks: Locks) -> None:
    started = time.monotonic()
    for _ in range(3):
        with locks.hold("a", 60) as held:
            assert held
    assert time.monotonic() - started < 30


def test_there_is_one_holder_at_a_time(open_locks: Callable[[], Locks], locks_race: Race, tmp_path: Path) -> None:
    locks = open_locks()
    inside = tmp_path / "inside"

    def enter(_: int) -> int:
        entered = 0
        for _ in range(10):
            with locks.hold("a", 20) as held:
                assert held
                inside.mkdir()  # fails if another holder is inside
                time.sleep(0.001)
                inside.rmdir()
                entered += 1
        return entered

    assert locks_race(4, enter) == [10] * 4


def test_the_wait_is_bounded_and_the_block_runs_without_the_lock(locks: Locks) -> None:
    with locks.hold("a", 1) as outer:
        assert outer
        started = time.monotonic()
        with locks.hold("a", 0.2) as inner:
            assert not inner
        assert 0.15 < time.monotonic() - started < 30
    with locks.hold("a", 1) as held:
        assert held


def test_without_a_wait_a_held_lock_is_not_acquired(locks: Locks) -> None:
    with locks.hold("a", 0) as outer:
        assert outer
        started = time.monotonic()
        with locks.hold("a", 0) as inner, locks.hold("a", -1) as third:
            assert not inner
            assert not third
        assert time.monotonic() - started < 30


def test_a_failed_wait_does_not_release_the_lock_of_the_holder(locks: Locks) -> None:
    with locks.hold("a", 1):
        for _ in range(2):
            with locks.hold("a", 0) as held:
                assert not held


def test_locks_of_different_names_are_independent(locks: Locks) -> None:
    names = ["a", "A", "a/b", "a:b", "../a", "é", "", "x" * 1000]
    with locks.hold("held", 1):
        for name in names:
            with locks.hold(name, 0) as held:
                assert held


def test_an_error_in_the_block_releases_the_lock(locks: Locks) -> None:
    with pytest.raises(ZeroDivisionError), locks.hold("a", 1):
        raise ZeroDivisionError
    with locks.hold("a", 0) as held:
        assert held


def test_a_waiter_gets_the_lock_soon_after_its_release(open_locks: Callable[[], Locks]) -> None:
    locks = open_locks()
    waiting = threading.Event()
    acquired_at: list[float] = []

    def wait() -> None:
        waiting.set()
        with locks.hold("a", 10) as held:
            assert held
            acquired_at.append(time.monotonic())

    with locks.hold("a", 1):
        waiter = threading.Thread(target=wait)
        waiter.start()
        waiting.wait()
        time.sleep(0.1)
    released_at = time.monotonic()
    waiter.join()
    assert acquired_at[0] - released_at < 1


def test_a_killed_holder_loses_its_lock(
    open_locks: Callable[[], Locks], forked: Callable[[Callable[[], None]], int], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"

    def hold_forever() -> None:
        with open_locks().hold("a", 5) as held:
            assert held
            ready.touch()
            time.sleep(60)

    holder = forked(hold_forever)
    while not ready.exists():
        time.sleep(0.01)
    with open_locks().hold("a", 0) as held:
        assert not held
    os.kill(holder, signal.SIGKILL)
    with open_locks().hold("a", 60) as held:
        assert held


def test_a_lock_is_held_while_the_block_runs(open_locks: Callable[[], Locks]) -> None:
    with open_locks().hold("a", 1), open_locks().hold("a", 2.5) as held:
        assert not held


def test_waiters_that_timed_out_do_not_block_others(open_locks: Callable[[], Locks]) -> None:
    with open_locks().hold("a", 1):
        for _ in range(3):
            with open_locks().hold("a", 0.05) as held:
                assert not held
    started = time.monotonic()
    with open_locks().hold("a", 60) as held:
        assert held
    assert time.monotonic() - started < 30
