"""Timing in turns, A B C A B C …, so that all meet the same machine."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from benchmarks.checks import check_same
from benchmarks.systems import System

OURS = "SuperTable"
Work = Callable[[System, int], Any]


@dataclass(frozen=True, slots=True)
class Case:
    key: str
    title: str
    writes: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of each turn, by system; the turn that warmed up is not among them."""

    case: Case
    times_ms: Mapping[str, list[float]]

    def median_ms(self, system: str = OURS) -> float:
        return statistics.median(self.times_ms[system])

    def ratio(self, peer: str) -> float:
        """Of the medians; below 1, SuperTable is faster."""
        return self.median_ms() / self.median_ms(peer)

    def worst(self, system: str = OURS) -> float:
        """The slowest turn, as a multiple of the median."""
        return max(self.times_ms[system]) / self.median_ms(system)


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """`around` is entered for every timed turn."""

    around: Callable[[Case], AbstractContextManager[Any]] = lambda _: nullcontext()

    def in_turns(self, case: Case, systems: Iterable[System], work: Work, turns: int) -> Measured:
        """Every system does the work of turn 0, then of turn 1, and so on. Turn 0 warms up and is not counted.

        Raises `AssertionError` unless all have equal answers.
        """
        competing = list(systems)
        times: dict[str, list[float]] = {system.name: [] for system in competing}
        gc.collect()
        gc.freeze()  # so that collecting before every turn is quick
        for turn in range(turns):
            answers = {}
            for system in competing:
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
    """Who comes next pays neither for the garbage nor for the unwritten pages of who came before."""
    gc.collect()
    if case.writes:
        os.sync()
