"""Timing in turns, A B A B …: wall and CPU time of this process, so that what an engine does behind a query counts."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

Work = Callable[[int], object]
"""The work of one turn, given its number."""


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of each turn."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def medians(self) -> dict[str, float]:
        return {"ms": statistics.median(self.wall), "cpu_ms": statistics.median(self.cpu)}

    def take(self, work: Callable[[], object]) -> None:
        started, used = time.perf_counter(), time.process_time()
        work()
        self.cpu.append((time.process_time() - used) * 1000)
        self.wall.append((time.perf_counter() - started) * 1000)


def in_turns(sides: Mapping[str, Work], turns: int, warm: int = 2) -> dict[str, Times]:
    """The times of each side, which do the work of turn 0, then of turn 1, and so on. The first `warm` do not count."""
    times = {name: Times() for name in sides}
    gc.collect()
    for turn in range(turns + warm):
        for name, work in sides.items():
            into = times[name] if turn >= warm else Times()
            into.take(lambda work=work, turn=turn: work(turn))  # type: ignore[misc]
    return times


def ratios(times: Mapping[str, Times], base: str) -> dict[str, dict[str, float]]:
    """The medians of each side, and their ratios to the side `base`."""
    medians = {name: taken.medians() for name, taken in times.items()}
    least = medians[base]
    return {
        name: found | {"ratio": found["ms"] / least["ms"], "cpu_ratio": found["cpu_ms"] / max(least["cpu_ms"], 1e-6)}
        for name, found in medians.items()
    }


def geometric_mean(values: Iterable[float]) -> float:
    return math.exp(statistics.mean(map(math.log, values)))


def percentiles(times: Iterable[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {f"p{share}": ordered[min(len(ordered) * share // 100, len(ordered) - 1)] for share in (50, 95, 99)}
