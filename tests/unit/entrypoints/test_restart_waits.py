from __future__ import annotations

from supertable.entrypoints.web.service.supervision import RestartWaits


def test_early_deaths_double_the_wait_up_to_half_a_minute() -> None:
    waits = RestartWaits()
    assert [waits.after(0, 1.0) for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_worker_that_lived_for_a_minute_starts_anew() -> None:
    waits = RestartWaits()
    assert [waits.after(0, seconds) for seconds in (1.0, 1.0, 60.0, 1.0)] == [0.5, 1.0, 0.5, 1.0]


def test_each_worker_has_its_own_wait() -> None:
    waits = RestartWaits()
    assert [waits.after(worker, 1.0) for worker in (0, 1, 0)] == [0.5, 0.5, 1.0]
