"""Whose query runs next: bounds, fairness, and giving way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from supertable.adapters.engines.executors.turns import Turns
from supertable.domain.errors import Busy, QueryCancelled, SupertableError, TooManyQueries


def never() -> bool:
    return False


class Waiting:
    """A query that waits in a thread. `result`: what its wait ended with; None: it got its turn."""

    def __init__(self, turns: Turns, user: str, started: list[str]) -> None:
        self.result: SupertableError | None = None
        self.stop = False
        before = turns.waiting
        self._thread = threading.Thread(target=self._wait, args=(turns, user, started), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 0.5  # where one waits and one gives way, the number stays the same
        while turns.waiting == before and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.001)

    def ended(self) -> SupertableError | None:
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.result

    def _wait(self, turns: Turns, user: str, started: list[str]) -> None:
        try:
            turns.take(user, lambda: self.stop)
            started.append(user)
        except SupertableError as error:
            self.result = error


@contextmanager
def turns_in_use(turns: Turns, *users: str) -> Iterator[None]:
    for user in users:
        assert turns.take(user, never) == 0
    yield


def test_a_user_who_has_nothing_running_finds_a_place_that_others_cannot_take() -> None:
    turns = Turns(at_once=4, per_user=4, waiting=0, waiting_per_user=1)
    with turns_in_use(turns, "a", "a"):
        with pytest.raises(Busy):
            turns.take("a", never)
        assert turns.take("b", never) == 0
        assert turns.take("c", never) == 0
        with pytest.raises(Busy):
            turns.take("d", never)


def test_a_free_place_goes_to_the_user_with_the_fewest_running_then_to_who_came_first() -> None:
    turns = Turns(at_once=2, per_user=2, waiting=9, waiting_per_user=9)
    started: list[str] = []
    with turns_in_use(turns, "a", "b"):
        waiting = [Waiting(turns, user, started) for user in ("a", "c", "d")]
        turns.give_back("b")
        assert waiting[1].ended() is None
        turns.give_back("c")
        assert waiting[2].ended() is None
        turns.give_back("d")
        turns.give_back("a")
        assert waiting[0].ended() is None
    assert started == ["c", "d", "a"]


def test_more_of_one_user_than_may_wait_are_refused_at_once() -> None:
    turns = Turns(at_once=2, per_user=1, waiting=9, waiting_per_user=1)
    with turns_in_use(turns, "a"):
        waiting = Waiting(turns, "a", [])
        with pytest.raises(TooManyQueries, match=r"1 that run and 1 that wait"):
            turns.take("a", never)
        turns.give_back("a")
        assert waiting.ended() is None


def test_where_all_places_to_wait_are_taken_the_user_with_the_most_gives_way() -> None:
    turns = Turns(at_once=1, per_user=1, waiting=2, waiting_per_user=2)
    with turns_in_use(turns, "a"):
        older, newer = Waiting(turns, "a", []), Waiting(turns, "a", [])
        other = Waiting(turns, "b", [])
        assert isinstance(newer.ended(), Busy)
        with pytest.raises(Busy):
            turns.take("c", never)
        turns.give_back("a")
        assert older.ended() is None
        turns.give_back("a")
        assert other.ended() is None
    assert turns.waiting == 0


def test_a_wait_ends_when_it_is_stopped() -> None:
    turns = Turns(at_once=1, per_user=1, waiting=2, waiting_per_user=2)
    with turns_in_use(turns, "a"):
        waiting = Waiting(turns, "b", [])
        waiting.stop = True
        assert isinstance(waiting.ended(), QueryCancelled)
    assert turns.waiting == 0
