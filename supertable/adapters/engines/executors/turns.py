"""Whose statement runs next, and who must wait: fair across users, and bounded.

1. At most `at_once` statements run at once, and `per_user` of one user.
2. The upper half of the places is for users who have no statement running, so that few users cannot take them all.
3. A free place goes to the waiting user with the fewest running statements; among equals, to who came first.
4. At most `waiting` statements wait, and `waiting_per_user` of one user. If all places to wait are taken, the newest
   statement of the user with the most gives way to a user with fewer.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from supertable.domain.errors import Busy, QueryCancelled, TooManyQueries

_POLL_SECONDS = 0.25


@dataclass(slots=True, eq=False)
class _Ticket:
    user: str
    state: str = "waiting"


class Turns:
    """Thread-safe."""

    def __init__(self, at_once: int, per_user: int, waiting: int, waiting_per_user: int) -> None:
        self._at_once = at_once
        self._per_user = per_user
        self._most_waiting = waiting
        self._waiting_per_user = waiting_per_user
        self._running: Counter[str] = Counter()
        self._waiting: list[_Ticket] = []
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """The number of statements that wait."""
        return len(self._waiting)

    def take(self, user: str, stopped: Callable[[], bool]) -> float:
        """Wait for a place, which `give_back` frees. Returns the seconds waited.

        Raises `TooManyQueries`, `Busy`, and `QueryCancelled` soon after `stopped()` becomes true.
        """
        began = time.monotonic()
        with self._changed:
            if self._may_start(user):
                self._running[user] += 1
                return 0.0
            ticket = self._queued(user)
            while ticket.state == "waiting":
                if stopped():
                    self._waiting.remove(ticket)
                    raise QueryCancelled
                self._changed.wait(_POLL_SECONDS)
        if ticket.state == "displaced":
            raise Busy("Too many queries wait. This one was not started; it is safe to try again a little later.")
        return time.monotonic() - began

    def give_back(self, user: str) -> None:
        """End a statement of the user."""
        with self._changed:
            self._running[user] -= 1
            if not self._running[user]:
                del self._running[user]
            self._start_next()

    def _may_start(self, user: str) -> bool:
        mine, all_ = self._running[user], self._running.total()
        places = self._at_once if mine == 0 else (self._at_once + 1) // 2
        return mine < self._per_user and all_ < places

    def _queued(self, user: str) -> _Ticket:
        counts = Counter(ticket.user for ticket in self._waiting)
        if counts[user] >= self._waiting_per_user:
            raise TooManyQueries(self._per_user, self._waiting_per_user)
        if len(self._waiting) >= self._most_waiting:
            self._displace_for(user, counts)
        ticket = _Ticket(user)
        self._waiting.append(ticket)
        return ticket

    def _displace_for(self, user: str, counts: Counter[str]) -> None:
        other, most = max(counts.items(), key=lambda item: item[1], default=("", 0))
        if most <= counts[user] + 1:
            raise Busy("Too many queries wait. This one was not started; it is safe to try again a little later.")
        newest = next(ticket for ticket in reversed(self._waiting) if ticket.user == other)
        self._end_wait(newest, "displaced")

    def _start_next(self) -> None:
        ready = [ticket for ticket in self._waiting if self._may_start(ticket.user)]
        while ready:
            chosen = min(ready, key=lambda ticket: self._running[ticket.user])  # the first among equals
            self._running[chosen.user] += 1
            self._end_wait(chosen, "started")
            ready = [ticket for ticket in self._waiting if self._may_start(ticket.user)]

    def _end_wait(self, ticket: _Ticket, state: str) -> None:
        ticket.state = state
        self._waiting.remove(ticket)
        self._changed.notify_all()
