"""Timing in turns, A B C A B C …, so that changes in the machine's speed affect all systems alike."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.same_answers import check_same
from benchmarks.peers.systems import System

OURS = "SuperTable"
Work = Callable[[System, int], Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of work that is timed. `writes`: whether it changes the table."""

    key: str
    title: str
    writes: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of each turn by system, without the warm-up turn."""

    case: Case
    times_ms: Mapping[str, list[float]]

    def median_ms(self, system: str = OURS) -> float:
        return statistics.median(self.times_ms[system])

    def ratio(self, peer: str) -> float:
        """The ratio of the medians. Below 1, SuperTable is faster."""
        return self.median_ms() / self.median_ms(peer)

    def worst(self, system: str = OURS) -> float:
        """The slowest turn, as a multiple of the median."""
        return max(self.times_ms[system]) / self.median_ms(system)


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Times work in turns. `around`: a context manager that is entered for every timed turn."""

    around: Callable[[Case], AbstractContextManager[Any]] = lambda _: nullcontext()

    def in_turns(self, case: Case, systems: Iterable[System], work: Work, turns: int) -> Measured:
        """Let every system do the work of turn 0, then of turn 1, and so on. Turn 0 warms up and is not counted.

        Raises `AssertionError` if answers differ.
        """
        compared = list(systems)
        times: dict[str, list[float]] = {system.name: [] for system in compared}
        gc.collect()
        gc.freeze()  # makes the collection before every turn quick
        for turn in range(turns):
            answers = {}
            for system in compared:
                _settle(case)
                with self.around(case):
                    started = time.perf_counter()
                    answers[system.name] = work(system, turn)
                    taken = time.perf_counter() - started
                if turn:
                    times[system.name].append(taken * 1000)
            check_same(case.title, answers)
        return Measured(case, times)


def _settle(case: Case) -> None:
    """Collect garbage and flush unwritten pages, so that the next system does not pay for the one before."""
    gc.collect()
    if case.writes:
        os.sync()
