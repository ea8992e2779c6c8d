"""Writers whose clocks are wrong: no key is forgotten, and no commit is far in the future."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from dependency_injector import providers

import supertable
from supertable.adapters.clocks.system import SystemClock
from supertable.application.transaction_log.commit_clock import CommitClock
from supertable.domain.errors import ClockWrong
from supertable.entrypoints.sdk.lakes.lake import Lake

DAY = 24 * 3600


class ShiftedClock(SystemClock):
    """A clock that is so many seconds ahead."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now_us(self) -> int:
        return super().now_us() + round(self.seconds * 1_000_000)


def lake_ahead(home: Path, seconds: float) -> Lake:
    lake = supertable.connect(home)
    lake._container.clock.override(providers.Object(ShiftedClock(seconds)))
    return lake


def newest_times(lake: Lake) -> list[float]:
    return [entry.committed_at.timestamp() for entry in lake.table("t").history()]


@pytest.mark.parametrize("days", [-400, -1, 3, 8, 400, 20_000])
def test_a_key_is_remembered_and_no_time_is_left_in_the_future(home: Path, days: int) -> None:
    with supertable.connect(home) as lake:
        lake.create_table_from("t", pa.table({"id": [0]}))
        lake.write("t", pa.table({"id": [1]}), idempotency_key="once")
        with lake_ahead(home, days * DAY) as other:
            other.write("t", pa.table({"id": [2]}))
            other.create_table_from(f"created_{abs(days)}", pa.table({"id": [0]}))
        again = lake.write("t", pa.table({"id": [1]}), idempotency_key="once")
        assert again.replayed
        lake.write("t", pa.table({"id": [3]}))
        assert sorted(lake.sql("SELECT id FROM t").arrow()["id"].to_pylist()) == [0, 1, 2, 3]
        times = newest_times(lake)
        assert times == sorted(times, reverse=True)
        assert max(times) < time.time() + 61
        assert lake.table(f"created_{abs(days)}").info().updated_at.timestamp() < time.time() + 61


def test_a_wrong_clock_is_reported_once(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with lake_ahead(home, 4 * DAY) as lake, caplog.at_level(logging.WARNING):
        for name in ("a", "b", "c"):
            lake.create_table_from(name, pa.table({"id": [0]}))
    assert caplog.text.count("differs from the store's by 345600 s") == 1


def test_beyond_the_setting_nothing_is_committed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERTABLE_MAX_CLOCK_SKEW_SEC", "3600")
    with supertable.connect(home) as lake:
        lake.create_table_from("t", pa.table({"id": [0]}))
    with lake_ahead(home, 3 * DAY) as lake:
        with pytest.raises(ClockWrong, match="ahead of the store's. Nothing was committed"):
            lake.write("t", pa.table({"id": [1]}))
        assert lake.table("t").info().rows == 1
    with lake_ahead(home, 1800) as lake:
        lake.write("t", pa.table({"id": [1]}))
    with lake_ahead(home, -timedelta(days=9).total_seconds()) as lake:
        lake.write("t", pa.table({"id": [2]}))
        assert lake.table("t").info().rows == 3


def test_a_clock_that_is_set_while_the_process_runs_is_measured_again(home: Path) -> None:
    clock = ShiftedClock(0)
    with supertable.connect(home) as lake:
        commit_clock = CommitClock(clock, lake._container.store(), lake._container.identifiers(), 600, None)
        assert abs(commit_clock.after(0) - time.time_ns() // 1000) < 61_000_000
        clock.seconds = 30 * DAY
        assert abs(commit_clock.after(0) - time.time_ns() // 1000) < 61_000_000
        clock.seconds = 0
        assert abs(commit_clock.after(0) - time.time_ns() // 1000) < 61_000_000
        assert list(lake._container.store().list("clock-")) == []
