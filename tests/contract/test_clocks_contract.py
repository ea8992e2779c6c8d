"""The contract of every clock and every source of identifiers."""

from __future__ import annotations

import re
import threading
import time

import pytest

from supertable.adapters.clocks.manual import ManualClock, SequentialIdentifiers
from supertable.adapters.clocks.system import SystemClock, UuidIdentifiers
from supertable.application.ports.clocks import Clock, Identifiers


@pytest.fixture(params=[SystemClock, ManualClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


@pytest.fixture(params=[UuidIdentifiers, SequentialIdentifiers])
def identifiers(request: pytest.FixtureRequest) -> Identifiers:
    made: Identifiers = request.param()
    return made


def test_sleep_advances_both_times(clock: Clock) -> None:
    now_us, seconds = clock.now_us(), clock.monotonic_seconds()
    clock.sleep(0.02)
    assert clock.now_us() - now_us >= 19_000
    assert clock.monotonic_seconds() - seconds >= 0.019


def test_sleeping_for_zero_or_negative_seconds_returns_immediately(clock: Clock) -> None:
    seconds = clock.monotonic_seconds()
    clock.sleep(0)
    clock.sleep(-1)
    assert 0 <= clock.monotonic_seconds() - seconds < 30


def test_the_manual_clock_stands_still() -> None:
    clock = ManualClock(now_us=5_000_000)
    assert (clock.now_us(), clock.monotonic_seconds()) == (5_000_000, 0)
    clock.advance(1.5)
    assert (clock.now_us(), clock.monotonic_seconds()) == (6_500_000, 1.5)


def test_identifiers_are_hexadecimal_and_sort_by_time(identifiers: Identifiers) -> None:
    made = [identifiers.new() for _ in range(10_000)]
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in made)
    assert made == sorted(set(made))


def test_identifiers_of_many_threads_are_unique(identifiers: Identifiers) -> None:
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.extend([identifiers.new() for _ in range(1_000)])) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4_000


def test_uuids_contain_their_version_and_time() -> None:
    made = UuidIdentifiers().new()
    assert made[12] == "7"
    assert made[16] in "89ab"
    assert abs(int(made[:12], 16) - time.time_ns() // 1_000_000) < 5_000


def test_jitter_is_below_one(identifiers: Identifiers) -> None:
    assert all(0 <= identifiers.jitter() < 1 for _ in range(100))


def test_secrets_are_long_and_unique(identifiers: Identifiers) -> None:
    made = [identifiers.secret() for _ in range(1_000)]
    assert all(re.fullmatch("[A-Za-z0-9_-]{43}", each) for each in made)
    assert len(set(made)) == 1_000
