"""Timing in turns: A B A B …, so that both meet the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of each turn. `ratio` compares the medians: below 1, ours is faster."""

    case: str
    ours_ms: list[float]
    peer: str
    peer_ms: list[float]

    @property
    def ours(self) -> float:
        return statistics.median(self.ours_ms)

    @property
    def theirs(self) -> float:
        return statistics.median(self.peer_ms)

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    def as_dict(self) -> dict[str, object]:
        return asdict(self) | {"ours_median_ms": self.ours, "peer_median_ms": self.theirs, "ratio": self.ratio}


def in_turns(
    case: str, ours: Callable[[int], object], peer: str, theirs: Callable[[int], object], turns: Sequence[int]
) -> Measured:
    """Run both once for every turn; each gets the turn's number. The first turn warms up and is not counted."""
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in turns:
        for run, times in zip((ours, theirs), taken, strict=True):
            started = time.perf_counter()
            run(turn)
            times.append((time.perf_counter() - started) * 1000)
    return Measured(case, taken[0][1:], peer, taken[1][1:])
